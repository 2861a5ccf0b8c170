package openbao

import (
	"context"
	"encoding/json"
	"encoding/pem"

	"certwright/internal/vault"
)

// Revoke puts the certificate on the mount's revocation list. The server takes
// no reason, and answers the same when asked twice. A certificate that it did
// not store (no_store) is shown to it. A refusal is a *vault.Error.
func (i *Issuer) Revoke(ctx context.Context, r vault.Revocation) error {
	var ref reference
	if err := json.Unmarshal(r.Ref, &ref); err != nil || ref.Serial == "" {
		if len(r.Chain) == 0 {
			return vault.Bad("It is not known which certificate the server at %s signed.", i.host)
		}
		ref.Serial = serial(r.Chain[0])
	}
	who, path := accountOf(r.Issuer, r.Password), i.Settings.Mount+"/revoke"
	_, err := i.authorized(ctx, who, path, map[string]string{"serial_number": ref.Serial})
	if refused, ok := asRefusal(err); ok && refused.isOfRequest() && len(r.Chain) > 0 {
		shown := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Chain[0]})
		_, err = i.authorized(ctx, who, path, map[string]string{"certificate": string(shown)})
	}
	if refused, ok := asRefusal(err); ok {
		return vault.Bad("%s.", refused).Because(err)
	}
	return err
}
