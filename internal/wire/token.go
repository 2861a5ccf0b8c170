package wire

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"certwright/internal/vault"
)

// A skipTokenJSON is a place in a list, as the service wraps it (docs/contract/certificates.md).
type skipTokenJSON struct {
	NextMarker     string
	TargetLocation int
}

// The marker says whether pending certificates are listed too, since the
// recorded nextLink drops includePending, and then which key comes before.
const (
	markAll     = "1!all!"
	markPending = "1!pending!"
)

// SkipToken wraps a place in a list: the key before it, and whether pending
// certificates are listed too.
func SkipToken(after string, pending bool) string {
	mark := markAll
	if pending {
		mark = markPending
	}
	b, _ := json.Marshal(skipTokenJSON{NextMarker: mark + after}) // a string and a number always encode
	return base64.RawURLEncoding.EncodeToString(b)
}

// ReadSkipToken reads what SkipToken wrote.
func ReadSkipToken(token string) (after string, pending bool, err error) {
	bad := vault.Bad("The query parameter $skiptoken is not one that this service gave out.")
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(token, "="))
	if err != nil || !utf8.Valid(b) {
		return "", false, bad
	}
	var t skipTokenJSON
	if json.Unmarshal(b, &t) != nil || t.TargetLocation != 0 || len(t.NextMarker) > 512 {
		return "", false, bad
	}
	after, pending = strings.CutPrefix(t.NextMarker, markPending)
	if !pending {
		var all bool
		if after, all = strings.CutPrefix(t.NextMarker, markAll); !all {
			return "", false, bad
		}
	}
	if after == "" {
		return "", false, bad
	}
	return after, pending, nil
}
