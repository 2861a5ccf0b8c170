package admin

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"certwright/internal/audit"
	"certwright/internal/vault"
)

// Revoked tells what was revoked.
type Revoked struct {
	Vault       string `json:"vault"`
	Certificate string `json:"certificate"`
	Version     string `json:"version"`
	Reason      string `json:"reason"`
}

// ParseReason reads why a certificate is revoked: a name of RFC 5280 section
// 5.3.1, in any case, or its number; "" is unspecified. removeFromCRL is
// refused, since it takes a revocation back, and so is certificateHold, which
// nothing here could end.
func ParseReason(s string) (int, error) {
	for n, name := range vault.RevocationReasons {
		switch {
		case name == "" || !strings.EqualFold(s, name) && s != strconv.Itoa(n) && s != "":
		case n == certificateHold:
			return 0, vault.Bad("reason certificateHold is refused: nothing here could end a hold; use %s or its number.", strings.Join(Reasons(), ", "))
		case n == removeFromCRL:
			return 0, vault.Bad("reason removeFromCRL is refused: a revocation cannot be taken back; use %s or its number.", strings.Join(Reasons(), ", "))
		default:
			return n, nil
		}
	}
	return 0, vault.Bad("reason %s is unknown: use %s or its number.", printable(s), strings.Join(Reasons(), ", "))
}

// What RFC 5280 has beside the reasons to revoke a certificate for good.
const (
	certificateHold = 6
	removeFromCRL   = 8
)

// Reasons are the names that ParseReason takes, by their numbers.
func Reasons() (names []string) {
	for n, name := range vault.RevocationReasons {
		if name != "" && n != certificateHold && n != removeFromCRL {
			names = append(names, name)
		}
	}
	return names
}

// A ReasonText is a reason as a request has it: a string or a number.
type ReasonText string

// UnmarshalJSON implements json.Unmarshaler.
func (t *ReasonText) UnmarshalJSON(text []byte) error {
	if n, err := strconv.Atoi(string(text)); err == nil {
		*t = ReasonText(strconv.Itoa(n))
		return nil
	}
	return json.Unmarshal(text, (*string)(t))
}

// A RevokeRequest names a version of a certificate, "" for the latest, and why it
// is revoked, as ParseReason reads it.
type RevokeRequest struct {
	Vault       string     `json:"vault"`
	Certificate string     `json:"certificate"`
	Version     string     `json:"version,omitempty"`
	Reason      ReasonText `json:"reason,omitempty"`
}

// revoke has a version of a certificate revoked by who issued it.
func revoke(h *Handler, r *http.Request) (answer, error) {
	var in RevokeRequest
	if err := readJSON(r, &in); err != nil {
		return answer{}, err
	}
	ref, err := refOf(in.Vault, in.Certificate)
	if err != nil {
		return answer{}, err
	}
	if in.Version != "" && !vault.IsID(in.Version) {
		return answer{}, vault.Bad("version %s is invalid: it must be 32 lower-case hex digits.", printable(in.Version))
	}
	reason, err := ParseReason(string(in.Reason))
	if err != nil {
		return answer{}, err
	}
	if err := begins(r, ref, audit.Fact{Name: "version", Value: in.Version}, audit.Fact{Name: "reason", Value: vault.RevocationReasons[reason]}); err != nil {
		return answer{}, err
	}
	v, err := h.Operator.Revoke(r.Context(), ref, in.Version, reason)
	return answer{body: Revoked{v.Vault, v.Name, v.ID, vault.RevocationReasons[reason]}}, err
}

// rollover gives a built-in CA a new issuing certificate.
func rollover(h *Handler, r *http.Request) (answer, error) {
	provider := r.PathValue("provider")
	if err := begins(r, vault.Ref{}, audit.Fact{Name: "provider", Value: provider}); err != nil {
		return answer{}, err
	}
	return answer{}, h.Rollover(r.Context(), provider)
}
