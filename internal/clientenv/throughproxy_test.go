package clientenv

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThroughProxy(t *testing.T) {
	t.Parallel()
	r := here
	r.ProxyURL = "http://127.0.0.1:3128"
	for _, c := range []struct{ now, want string }{
		{"", "localhost,127.0.0.1,::1,.localhost"},
		{"corp.example,.azure.net,10.0.0.0/8", "corp.example,10.0.0.0/8,localhost,127.0.0.1,::1,.localhost"},
		{"*.vault.azure.net,vault.azure.cn,usgovcloudapi.net,myvault.Vault.azure.net:443,hsm.managedhsm.azure.net,net,.cn", "localhost,127.0.0.1,::1,.localhost"},
		{"myazure.example,blob.core.windows.net,azure.com,storage.azure.net.example", "myazure.example,blob.core.windows.net,azure.com,storage.azure.net.example,localhost,127.0.0.1,::1,.localhost"},
		{"*", "localhost,127.0.0.1,::1,.localhost"},
	} {
		lookup := func(name string) string { return map[string]string{"NO_PROXY": c.now}[name] }
		got := Apply(r.ThroughProxy(r.Environment(r.IPURL, lookup)), []string{"HTTPS_PROXY=http://corp:8080", "HTTP_PROXY=http://corp:8080"})
		var proxies []string
		for _, e := range got {
			if strings.Contains(strings.ToLower(e), "_proxy=") {
				proxies = append(proxies, e)
			}
		}
		if !slices.Contains(got, "CERTWRIGHT_VAULT_NAME=default") {
			t.Errorf("%q: the vault has another name: %v", c.now, got)
		}
		want := []string{"HTTP_PROXY=http://corp:8080", "NO_PROXY=" + c.want, "no_proxy=" + c.want, "HTTPS_PROXY=http://127.0.0.1:3128", "https_proxy=http://127.0.0.1:3128"}
		if diff := cmp.Diff(want, proxies); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.now, diff)
		}
	}
}
