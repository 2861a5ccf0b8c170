package server

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The configuration in docs/operate.md is the one that this program reads, and
// no key of it is missing there.
func TestDocumentedConfiguration(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "```yaml\n")
	block, _, ok := strings.Cut(block, "```")
	c, err := parse([]byte(block))
	if err == nil {
		err = c.Check()
	}
	if err != nil || !ok {
		t.Fatalf("%v in\n%s", err, block)
	}
	for _, s := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[Vault](), reflect.TypeFor[Provider]()} {
		for f := range s.Fields() {
			if key := f.Tag.Get("yaml"); !strings.Contains(block, key+":") {
				t.Errorf("%s is not documented", key)
			}
		}
	}
	usual := Config{}.withDefaults()
	if c.Listen != usual.Listen || c.HTTP != usual.HTTP || c.DefaultVault != usual.DefaultVault || c.Tenant != usual.Tenant ||
		c.Region != usual.Region || c.RetryAfter != usual.RetryAfter {
		t.Errorf("the documented defaults %+v are not the program's %+v", c, usual)
	}
}

func BenchmarkStart(b *testing.B) {
	c := Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: b.TempDir()}
	for b.Loop() {
		s, err := Start(b.Context(), c, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Stop(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
