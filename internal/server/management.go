package server

import (
	"certwright/internal/arm"
	"certwright/internal/auth"
)

// openManagement makes the management plane, which knows the vaults that the
// configuration names and those that hold anything. A production server has none.
func (s *Server) openManagement() (err error) {
	if s.config.Production {
		return nil
	}
	var names []string
	for _, v := range s.config.Vaults {
		names = append(names, v.Name)
	}
	who := auth.Authenticator{Tenant: s.config.Tenant}
	manages, err := arm.New(arm.Service{
		Tenant: s.config.Tenant, Region: s.config.Region, Vault: s.config.DefaultVault,
		Configured: names, Vaults: s.service.Operator.Vaults, Settings: s.vaultSettings,
		Authenticate: who.Authenticate, Challenge: who.Challenge, FromPage: auth.FromPage, Log: s.log,
	})
	s.arm = manages
	return err
}
