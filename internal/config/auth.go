package config

import (
	"fmt"

	"certwright/internal/setting"
	"certwright/internal/tokens"
)

// Auth is how callers of a production server sign in: what stands below auth.
type Auth struct {
	TokenService *tokens.Settings // nil: this server gives no tokens itself
}

// Fields implements setting.Settings.
func (a *Auth) Fields() []setting.Field {
	return []setting.Field{
		setting.Optional("token_service", &a.TokenService),
	}
}

// Check tells what will not do, each with its place below auth.
func (a Auth) Check() (wrong []error) {
	if a.TokenService != nil {
		for _, err := range a.TokenService.Check() {
			wrong = append(wrong, fmt.Errorf("token_service: %w", err))
		}
	}
	return wrong
}
