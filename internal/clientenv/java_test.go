package clientenv

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestJavaOptions(t *testing.T) {
	t.Parallel()
	const (
		trusted = "-Djavax.net.ssl.trustStore=/d/truststore.p12 -Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStoreType=PKCS12"
		ours    = trusted + " -Djavax.net.ssl.keyStore=/d/truststore.p12 -Djavax.net.ssl.keyStorePassword=changeit -Djavax.net.ssl.keyStoreType=PKCS12"
	)
	for now, want := range map[string]string{
		"":           ours,
		"  -Xmx1g\t": "-Xmx1g " + ours,
		ours:         ours,
		`-Da="x y" -Djavax.net.ssl.trustStore=/old -Db='z "w'`: `-Da="x y" -Db='z "w' ` + ours,
		`-Djavax.net.ssl.trustStore="/a b/c" -Dc`:              `-Dc ` + ours,
		`-Dé=ü -Dx`: `-Dé=ü -Dx ` + ours,
		`"-Djavax.net.ssl.trustStore=/a b/c" -Dc`:                               `-Dc ` + ours,
		`-Djavax.net.ssl.keyStore=/k.p12 -Djavax.net.ssl.keyStorePassword=p`:    `-Djavax.net.ssl.keyStore=/k.p12 -Djavax.net.ssl.keyStorePassword=p ` + trusted,
		`'-Djavax.net.ssl.keyStore=/k s.p12' -Dc`:                               `'-Djavax.net.ssl.keyStore=/k s.p12' -Dc ` + trusted,
		`-Djavax.net.ssl.keyStore=/k.p12 ` + trusted:                            `-Djavax.net.ssl.keyStore=/k.p12 ` + trusted,
		`-Djavax.net.ssl.keyStorePassword=p`:                                    ours, // of no store
		`-Djavax.net.ssl.keyStore=/one.p12 -Djavax.net.ssl.trustStore=/one.p12`: `-Djavax.net.ssl.keyStore=/one.p12 ` + trusted,
		strings.ReplaceAll(ours, "/d/", "/another/"):                            ours,
	} {
		if got := javaOptions(now, "/d/truststore.p12"); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", now, got, want)
		}
	}
	for path, want := range map[string]string{
		"/a b/truststore.p12": `"/a b/truststore.p12"`, "/a's/truststore.p12": `"/a's/truststore.p12"`, "/a\rb/truststore.p12": "\"/a\rb/truststore.p12\"",
		`/a"b/truststore.p12`: `"/a"'"'"b/truststore.p12"`, `"'"/truststore.p12`: `'"'"'"'"'"/truststore.p12"`,
	} {
		got := javaOptions("", path)
		if !strings.HasPrefix(got, "-Djavax.net.ssl.trustStore="+want+" ") {
			t.Errorf("%q: %s", path, got)
		}
		if again := javaOptions(got, path); again != got {
			t.Errorf("%q a second time: %s, then %s", path, got, again)
		}
	}
}

// Java itself reads the path that was meant.
func TestJavaReadsTheQuotes(t *testing.T) {
	t.Parallel()
	java, err := exec.LookPath("java")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("java is not installed, and CI must not go without")
		}
		t.Skip("NOT PROVED: java is not installed")
	}
	for _, path := range []string{"/plain/t.p12", "/a b/t.p12", `/it's "odd" /t.p12`} {
		program := exec.Command(java, "-XshowSettings:properties", "-version")
		program.Env = append(os.Environ(), "JAVA_TOOL_OPTIONS="+javaOptions("", path))
		out, err := program.CombinedOutput()
		for _, store := range []string{"trustStore", "keyStore"} {
			if err != nil || !strings.Contains(string(out), "javax.net.ssl."+store+" = "+path+"\n") {
				t.Errorf("%s %s: %v\n%s", store, path, err, out)
			}
		}
	}
}

func FuzzJavaOptions(f *testing.F) {
	for _, s := range []string{"-Xmx1g", `-Da="b c"`, `'`, "\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, now string) {
		once := javaOptions(now, "/d/truststore.p12")
		if strings.Count(once, "trustStore=/d/truststore.p12") < 1 {
			t.Errorf("%q: ours is missing in %q", now, once)
		}
		if unclosed := strings.Count(now, `"`)+strings.Count(now, "'") > 0; !unclosed && javaOptions(once, "/d/truststore.p12") != once {
			t.Errorf("%q: %q is another a second time", now, once)
		}
	})
}
