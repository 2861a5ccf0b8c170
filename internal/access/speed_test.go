package access

import (
	"fmt"
	"net/netip"
	"testing"

	"certwright/internal/vault"
)

// A large table: 200 vaults, 2,000 assignments, and a caller with that many groups.
func large(t testing.TB, groups int) (*Table, vault.Caller) {
	t.Helper()
	var vaults []Vault
	var s Settings
	for i := range 200 {
		vaults = append(vaults, Vault{Name: fmt.Sprintf("vault-%d", i), Network: Network{Default: "deny", Allow: []string{"10.0.0.0/8"}}})
		for j := range 10 {
			s.Assignments = append(s.Assignments, Assignment{Role: "Key Vault Certificates Officer", To: Principal{Issuer: "corp", Group: fmt.Sprintf("5d1c0000-0000-4000-8000-%012d", i*10+j)}, On: fmt.Sprintf("/vaults/vault-%d", i)})
		}
	}
	s.Assignments = append(s.Assignments, Assignment{Role: "Key Vault Certificate User", To: Principal{Issuer: "corp", Group: "5d1c0000-0000-4000-8000-00000000abcd"}, On: "/vaults/vault-7/certificates/shop-*", With: []string{"secrets", "keys"}})
	who := vault.Caller{Issuer: "corp", Subject: "00000000-0000-4000-8000-000000000001", Address: netip.MustParseAddr("10.1.2.3")}
	for i := range groups - 1 {
		who.Groups = append(who.Groups, fmt.Sprintf("ffffffff-0000-4000-8000-%012d", i))
	}
	who.Groups = append(who.Groups, "5d1c0000-0000-4000-8000-00000000abcd") // the last one is it
	return tableOf(t, s, vaults...), who
}

// A granted decision takes no memory, in both models.
func TestGrantedDecisionsTakeNoMemory(t *testing.T) {
	table, who := large(t, 20)
	policies := tableOf(t, Settings{Model: "policy", Policies: []Policy{{Issuer: "corp", ObjectID: who.Groups[19], Permissions: Permissions{Secrets: []string{"all"}}}}}, Vault{Name: "vault-7"})
	on := vault.Ref{Vault: "vault-7", Kind: vault.Secrets, Name: "Shop-1"}
	for name, d := range map[string]vault.Decider{"roles": table, "policies": policies} {
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := d.Decide(t.Context(), who, "secrets/get", on); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, groups := range []int{1, 5, 20, 200} {
		table, who := large(b, groups)
		on := vault.Ref{Vault: "vault-7", Kind: vault.Secrets, Name: "shop-1"}
		b.Run(fmt.Sprint(groups, "-groups"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := table.Decide(b.Context(), who, "secrets/get", on); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
