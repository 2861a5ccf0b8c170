package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestErrorShape(t *testing.T) {
	t.Parallel()
	shape := func(err error, requestID string) (int, string, error) {
		status, body, secret := Refusal(err, requestID)
		b, err := Encode(body)
		must.Do(t, err)
		return status, string(b), secret
	}
	status, body, secret := shape(vault.NoContacts(), "rid")
	if want := `{"error":{"code":"ContactsNotFound","message":"Contacts not found"}}`; status != 404 || body != want || secret != nil {
		t.Errorf("status %d, %s, for the log %v; want 404, %s and nothing", status, body, secret, want)
	}
	_, body, _ = shape(vault.BadInner("KeySizeNotSupported", "no"), "rid")
	if want := `{"error":{"code":"BadParameter","message":"no","innererror":{"code":"KeySizeNotSupported"}}}`; body != want {
		t.Errorf("got %s, want %s", body, want)
	}
	_, body, _ = shape(vault.NotJSON("text/plain"), "rid")
	if want := `{"Message":"The request entity's media type 'text/plain' is not supported for this resource."}`; body != want {
		t.Errorf("got %s, want %s", body, want)
	}
	status, body, secret = shape(json.Unmarshal([]byte("{"), &struct{}{}), "rid-1")
	if status != 500 || secret == nil || !strings.Contains(body, "rid-1") || strings.Contains(body, "JSON") {
		t.Errorf("a fault is %d %s with %v for the log; want 500, the request id, nothing of the cause", status, body, secret)
	}
}
