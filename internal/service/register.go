package service

import (
	"context"
	"errors"

	"certwright/internal/vault"
)

// Register has an issuer resource registered anew at its authority, on an
// operator's word, and returns the account's name there. What waited or failed at
// the issuer is tried at once.
func (s *Service) Register(ctx context.Context, vaultName, name string) (cfg vault.IssuerConfig, account string, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) (err error) {
		cfg, err = r.Issuer(vaultName, name)
		cfg, err = one(cfg, err, vault.NoIssuerNamed(name))
		return err
	})
	if err != nil {
		return cfg, "", err
	}
	registrar, ok := s.Issuers(cfg.Provider).(vault.Registrar)
	if !ok {
		return cfg, "", vault.NoAccounts(cfg.Provider)
	}
	password, err := s.password(cfg)
	if err != nil {
		return cfg, "", err
	}
	within, stop := context.WithTimeout(ctx, stepTime)
	defer stop()
	began := realNow()
	account, err = registrar.Register(within, cfg, password)
	s.called(cfg.Provider, CallRegister, began, vault.Progress{}, err)
	if refusal := (*vault.Error)(nil); err != nil && !errors.As(err, &refusal) && ctx.Err() == nil {
		return cfg, "", s.unavailable(cfg, "register", err, password)
	}
	if err != nil {
		return cfg, "", err
	}
	s.Log.Info("issuer registered anew", "vault", cfg.Vault, "issuer", cfg.Name, "account", account)
	return cfg, account, s.tryAtOnce(ctx, cfg)
}

// tryAtOnce ends the waits for an issuer that was mended.
func (s *Service) tryAtOnce(ctx context.Context, cfg vault.IssuerConfig) error {
	err := s.Store.Update(ctx, func(tx vault.Tx) error {
		return tx.PutJob(vault.Job{Kind: vault.JobMend, Ref: issuerRef(cfg.Vault, cfg.Name), Due: s.now()})
	})
	s.Poke()
	return err
}

// unavailable is the refusal where an issuer could not be asked to do something.
func (s *Service) unavailable(cfg vault.IssuerConfig, what string, err error, password vault.Hidden) *vault.Error {
	text := vault.Clip(redact(err.Error(), password), 500)
	s.Log.Warn("issuer could not be asked to "+what, "vault", cfg.Vault, "issuer", cfg.Name, "error", text)
	return &vault.Error{Reason: vault.Unavailable, Code: "IssuerUnavailable", Message: "The issuer could not be asked to " + what + ": " + text}
}
