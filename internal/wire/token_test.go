package wire

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"certwright/internal/vault"
)

func TestSkipTokens(t *testing.T) {
	t.Parallel()
	for _, pending := range []bool{false, true} {
		for _, after := range []string{"a", "web-1", "all!", "1!pending!", "\u00e9", `"<&>`} {
			got, p, err := ReadSkipToken(SkipToken(after, pending))
			if err != nil || got != after || p != pending {
				t.Errorf("%q %v came back as %q %v %v", after, pending, got, p, err)
			}
		}
	}
	encode := base64.RawURLEncoding.EncodeToString
	for _, bad := range []string{"", "!", "e30", encode([]byte(`{"NextMarker":"a","TargetLocation":0}`)), encode([]byte(`{"NextMarker":"1!all!","TargetLocation":0}`)),
		encode([]byte(`{"NextMarker":"1!all!a","TargetLocation":1}`)), encode([]byte(`{"NextMarker":7}`)), encode([]byte(`[]`)), encode([]byte("{\"NextMarker\":\"1!all!\xff\"}")),
		encode([]byte(`{"NextMarker":"1!all!` + strings.Repeat("a", 600) + `","TargetLocation":0}`))} {
		var refusal *vault.Error
		if _, _, err := ReadSkipToken(bad); !errors.As(err, &refusal) || refusal.Code != "BadParameter" {
			t.Errorf("token %q: %v, want BadParameter", bad, err)
		}
	}
}

func FuzzSkipToken(f *testing.F) {
	f.Add(SkipToken("web", true))
	f.Add("e30")
	f.Add("====")
	f.Fuzz(func(t *testing.T, token string) {
		after, pending, err := ReadSkipToken(token)
		if err != nil {
			return
		}
		if again, p, err := ReadSkipToken(SkipToken(after, pending)); err != nil || again != after || p != pending {
			t.Errorf("%q: %q %v came back as %q %v %v", token, after, pending, again, p, err)
		}
	})
}
