package keyvault

import (
	"net/url"
	"strings"
)

// Attributes of a version, as answers show them and requests send them.
type Attributes struct {
	Enabled         *bool   `json:"enabled,omitempty"`
	NotBefore       Seconds `json:"nbf,omitzero"`
	Expires         Seconds `json:"exp,omitzero"`
	Created         Seconds `json:"created,omitzero"`
	Updated         Seconds `json:"updated,omitzero"`
	RecoveryLevel   string  `json:"recoveryLevel,omitempty"`
	RecoverableDays int     `json:"recoverableDays,omitempty"`
	Exportable      *bool   `json:"exportable,omitempty"`
	HSMPlatform     string  `json:"hsmPlatform,omitempty"`
}

// Off reports whether what has the attributes is disabled.
func (a Attributes) Off() bool { return a.Enabled != nil && !*a.Enabled }

// Deletion opens every answer about something deleted.
type Deletion struct {
	RecoveryID string  `json:"recoveryId,omitempty"`
	Deleted    Seconds `json:"deletedDate,omitzero"`
	Purge      Seconds `json:"scheduledPurgeDate,omitzero"`
}

// An ID is the address of an object: https://HOST/COLLECTION/NAME[/VERSION].
type ID string

// Name is the second of its segments.
func (id ID) Name() string { return id.segment(1) }

// Version is the third; "" where there is none.
func (id ID) Version() string { return id.segment(2) }

func (id ID) segment(n int) string {
	u, err := url.Parse(string(id))
	if err != nil {
		return ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if n >= len(parts) {
		return ""
	}
	return parts[n]
}

// On returns a pointer to a value, as members that may be left out want it.
func On[T any](v T) *T { return &v }
