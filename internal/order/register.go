package order

import (
	"context"
	"errors"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Register has an issuer resource registered anew at its authority, on an
// operator's word, and returns the account's name there. What waited or failed at
// the issuer is tried at once.
func (s *Operator) Register(ctx context.Context, vaultName, name string) (cfg vault.IssuerConfig, account string, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) (err error) {
		cfg, err = r.Issuer(vaultName, name)
		cfg, err = engine.One(cfg, err, vault.NoIssuerNamed(name))
		return err
	})
	if err != nil {
		return cfg, "", err
	}
	registrar, ok := s.Issuers.Find(cfg.Provider).(vault.Registrar)
	if !ok {
		return cfg, "", vault.NoAccounts(cfg.Provider)
	}
	password, err := s.Issuers.password(cfg)
	if err != nil {
		return cfg, "", err
	}
	within, stop, err := s.Issuers.reach(ctx, cfg.Provider)
	if err != nil {
		return cfg, "", s.Issuers.unavailable(cfg, "register", err, password)
	}
	defer stop()
	began := realNow()
	account, err = registrar.Register(within, cfg, password)
	s.Issuers.called(cfg.Provider, CallRegister, began, vault.Progress{}, err)
	if refusal := (*vault.Error)(nil); err != nil && !errors.As(err, &refusal) && ctx.Err() == nil {
		return cfg, "", s.Issuers.unavailable(cfg, "register", err, password)
	}
	if err != nil {
		return cfg, "", err
	}
	s.Log.Info("issuer registered anew", "vault", cfg.Vault, "issuer", cfg.Name, "account", account)
	return cfg, account, s.tryAtOnce(ctx, cfg)
}

// tryAtOnce ends the waits for an issuer that was mended.
func (s *Operator) tryAtOnce(ctx context.Context, cfg vault.IssuerConfig) error {
	err := engine.Update(ctx, s.Store, func(tx vault.Tx) error {
		return engine.SetJob(tx, vault.JobMend, IssuerRef(cfg.Vault, cfg.Name), s.Now())
	})
	s.Poke()
	return err
}
