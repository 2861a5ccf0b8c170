package challenge

import "certwright/internal/vault"

// A Board answers http-01 challenges at the server's own side door. Its tokens
// are kept in one sealed row, so that they survive a restart and every process
// on the same store knows them.
type Board struct {
	Accounts vault.Accounts
}
