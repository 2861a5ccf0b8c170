package authtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What Entra calls Key Vault: its address, and the number of its application.
const (
	VaultAudience = "https://vault.azure.net"
	VaultNumber   = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
)

// Entra is one tenant of Microsoft Entra ID: tokens of both versions, which have
// different iss and one set of keys.
type Entra struct {
	*Issuer        // of version 2
	Tenant  string // a GUID
	V1      string // iss of version 1
	MSI     string // where the identity of a machine gets tokens, as App Service has it
}

// The identity of a machine, whose tokens MSI gives.
const (
	MachineOID = "0a1b2c3d-0000-4000-8000-00000000000a"
	MachineApp = "0a1b2c3d-0000-4000-8000-00000000000b"
)

// ServeEntra returns a tenant that answers on plain http at this machine, until
// the end of the test.
func ServeEntra(t testing.TB) *Entra {
	t.Helper()
	e := &Entra{Issuer: New("", "RS256", VaultAudience), Tenant: "1f4a9b0e-6c1d-4f3b-9b57-0d0f8e6f4c11"}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	e.URL = s.URL + "/" + e.Tenant + "/v2.0"
	e.V1 = s.URL + "/sts/" + e.Tenant + "/"
	e.MSI = s.URL + "/msi/token"
	e.MaxAge = "max-age=86400, private"
	return e
}

// ServeHTTP answers as both of its hosts do: the discovery documents of both
// versions name the same keys.
func (e *Entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/msi/token") {
		e.serveMachine(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/sts/") && strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": e.V1, "jwks_uri": e.URL + "/keys"})
		return
	}
	e.Issuer.ServeHTTP(w, r)
}

// AppV1 is a token of version 1 for an application, with changes put over its claims.
func (e *Entra) AppV1(oid, appid string, changes map[string]any) string {
	return Sign(e.Key(), map[string]any{"x5t": e.Key().ID}, e.Claims(oid, put(map[string]any{
		"iss": e.V1, "aud": VaultAudience, "ver": "1.0", "tid": e.Tenant, "oid": oid, "appid": appid, "appidacr": "1", "idtyp": "app",
		"idp": e.V1, "uti": "uti-v1", "rh": "0.AAAA", "aio": "E2Zg", "jti": nil,
	}, changes)))
}

// UserV2 is a token of version 2 for a person who uses an application.
func (e *Entra) UserV2(oid, azp string, changes map[string]any) string {
	return Sign(e.Key(), nil, e.Claims("pairwise-"+oid, put(map[string]any{
		"aud": VaultNumber, "ver": "2.0", "tid": e.Tenant, "oid": oid, "azp": azp, "azpacr": "0", "scp": "user_impersonation",
		"preferred_username": "ada@example.org", "name": "Ada", "uti": "uti-v2", "rh": "0.AAAA", "jti": nil,
	}, changes)))
}

// AppV2 is a token of version 2 for an application: its aud is a number, whatever
// was asked for.
func (e *Entra) AppV2(oid, azp string, changes map[string]any) string {
	return Sign(e.Key(), nil, e.Claims(oid, put(map[string]any{
		"aud": VaultNumber, "ver": "2.0", "tid": e.Tenant, "oid": oid, "azp": azp, "azpacr": "1", "uti": "uti-v2", "rh": "0.AAAA", "jti": nil,
	}, changes)))
}

// serveMachine gives the machine a token for the resource that it asks for, of
// version 2 at /msi/token/v2.
func (e *Entra) serveMachine(w http.ResponseWriter, r *http.Request) {
	resource := r.URL.Query().Get("resource")
	if r.Header.Get("X-IDENTITY-HEADER") == "" || resource == "" {
		http.Error(w, `{"statusCode":400,"message":"no resource, or no X-IDENTITY-HEADER"}`, http.StatusBadRequest)
		return
	}
	token := e.AppV1(MachineOID, MachineApp, map[string]any{"aud": resource})
	if strings.HasSuffix(r.URL.Path, "/v2") {
		token = e.AppV2(MachineOID, MachineApp, nil)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{
		"access_token": token, "expires_on": strconv.FormatInt(e.Now().Add(time.Hour).Unix(), 10), "resource": resource, "token_type": "Bearer", "client_id": MachineApp,
	})
}
