package keys

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/vault"
)

// The recorded defaults (docs/contract/keys-and-secrets.md; go-keys/TestCRUD~RSA, ~EC).
func TestDefaultOperations(t *testing.T) {
	t.Parallel()
	six := []string{"encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"}
	four := []string{"encrypt", "decrypt", "wrapKey", "unwrapKey"}
	for kind, want := range map[vault.KeyType][]string{
		vault.RSA: six, vault.RSAHSM: six, vault.EC: {"sign", "verify"}, vault.ECHSM: {"sign", "verify"}, vault.Oct: four, vault.OctHSM: four, "OKP": nil,
	} {
		if diff := cmp.Diff(want, defaultOperations(kind)); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

func TestCheckOperations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind  vault.KeyType
		asked []string
		want  []string
		err   string
	}{
		"none asked":     {vault.EC, nil, []string{"sign", "verify"}, ""},
		"empty":          {vault.EC, []string{}, []string{"sign", "verify"}, ""},
		"in order, once": {vault.RSA, []string{"unwrapKey", "wrapKey", "unwrapKey"}, []string{"unwrapKey", "wrapKey"}, ""},
		"bring-your-own": {vault.RSAHSM, []string{"import"}, []string{"import"}, ""},
		"recorded":       {vault.EC, []string{"wrapKey", "sign", "unwrapKey"}, nil, `BadParameter: Unsupported key operation(s): "wrapKey", "unwrapKey". Supported values are "sign", "verify".`},
		"other case":     {vault.EC, []string{"Sign"}, nil, `BadParameter: Unsupported key operation(s): "Sign". Supported values are "sign", "verify".`},
		"oct signs not":  {vault.Oct, []string{"sign"}, nil, `BadParameter: Unsupported key operation(s): "sign". Supported values are "encrypt", "decrypt", "wrapKey", "unwrapKey".`},
		"import, no HSM": {vault.RSA, []string{"import"}, nil, `BadParameter: Unsupported key operation(s): "import". Supported values are "encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey".`},
	} {
		got, err := CheckOperations(c.kind, c.asked)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%s: got %v, want %s", name, err, c.err)
		}
	}
}

// Outside the window what was protected stays openable (docs/contract/keys-and-secrets.md).
func TestMayDo(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	window := vault.Attributes{Enabled: true, NotBefore: noon, Expires: noon.Add(time.Hour)}
	all := defaultOperations(vault.RSA)
	for _, op := range all {
		protect := op == "encrypt" || op == "sign" || op == "wrapKey"
		for name, c := range map[string]struct {
			ops  []string
			a    vault.Attributes
			now  time.Time
			want *vault.Error
		}{
			"no window":     {all, vault.Attributes{Enabled: true}, noon, nil},
			"first moment":  {all, window, noon, nil},
			"last moment":   {all, window, noon.Add(time.Hour - 1), nil},
			"too early":     {all, window, noon.Add(-1), vault.KeyNotYetValid(op)},
			"expired":       {all, window, noon.Add(time.Hour), vault.KeyExpired(op)},
			"disabled":      {all, vault.Attributes{}, noon, vault.DisabledObject(vault.Keys, op)},
			"not among ops": {[]string{"import"}, vault.Attributes{Enabled: true}, noon, vault.KeyOperationForbidden(op)},
		} {
			err := MayDo(op, c.ops, c.a, c.now)
			if c.want == nil || !protect && (name == "too early" || name == "expired") {
				if err != nil {
					t.Errorf("%s, %s: %v", op, name, err)
				}
				continue
			}
			says(t, err, c.want)
		}
	}
	if err := MayDo("decrypt", nil, vault.Attributes{Enabled: true}, noon); err == nil || err.Error() != "Forbidden: Operation decrypt is not permitted on this key." {
		t.Errorf("the recorded text: %v", err)
	}
}
