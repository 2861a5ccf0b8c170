package service

import (
	"certwright/internal/engine"
	"certwright/internal/vault"
)

// A Bundle is one version of a certificate, key or secret with what an answer
// shows around it.
type Bundle struct {
	Version  vault.Version
	Deletion *vault.Deletion
	Settings vault.Settings

	Value string // of a secret; opened only where an answer shows it

	Policy  *vault.Policy // of a certificate; nil where a version was asked for by id
	NoSANs  bool          // the policy has SANs but none is in them
	Pending bool          // there is a pending operation, ended or not
	busy    bool          // the operation is in progress
}

// bundle reads one version, the latest for id "", with what is shown around it.
func (s *shared) bundle(r vault.Reader, head vault.Object, id string) (Bundle, error) {
	v, err := engine.Version(r, head, id)
	if err != nil {
		return Bundle{}, err
	}
	b := Bundle{Version: v, Deletion: head.Deletion, Settings: s.Settings(head.Vault)}
	if head.Kind != vault.Certificates {
		return b, nil
	}
	if id == "" {
		b.Policy = head.Policy // it belongs to the name, so it is shown only where no version was asked for
	}
	b.NoSANs = head.Policy != nil && head.Policy.X509.SANs != nil && head.Policy.X509.SANs.Empty()
	b.Pending, b.busy = head.Operation != nil, head.InProgress()
	return b, nil
}

// Settled reports whether an answer about the object may be kept: its
// operation, if there is one, has ended, so that no GET would move it.
func (b Bundle) Settled() bool { return !b.busy }
