package signin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

// A language is the SDK of one: how its program is made ready, and run.
type language struct {
	name    string
	prepare func(t *testing.T, h *serve.House) (command, env []string)
	url     func(s *serve.Server) string // of the vault web, as the SDK can reach it
}

var languages = []language{{"go", prepareGo, byAddress}, {"python", preparePython, byAddress}, {"js", prepareJS, byAddress}, {"java", prepareJava, byName}}

func byAddress(s *serve.Server) string { return "https://127.0.0.1:" + s.Port }
func byName(s *serve.Server) string    { return s.Vault("web") }

// do runs a command in a folder below conformance/sdk, which must not fail.
func do(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = filepath.Join("../sdk", folder)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// there is the whole path of a file below conformance/sdk.
func there(t *testing.T, path string) string {
	t.Helper()
	whole, err := filepath.Abs(filepath.Join("../sdk", path))
	must.Do(t, err)
	return whole
}

func prepareGo(t *testing.T, h *serve.House) (command, env []string) {
	program := h.File("signin-go")
	do(t, "go", "go", "build", "-o", program, "./signin")
	return []string{program}, []string{"SSL_CERT_FILE=" + h.CA}
}

func preparePython(t *testing.T, h *serve.House) (command, env []string) {
	python := there(t, "python/.venv/bin/python")
	if _, err := os.Stat(python); err != nil {
		do(t, "python", "python3", "-m", "venv", ".venv")
		do(t, "python", ".venv/bin/pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt")
	}
	return []string{python, there(t, "python/signin.py")}, []string{"REQUESTS_CA_BUNDLE=" + h.CA}
}

func prepareJS(t *testing.T, h *serve.House) (command, env []string) {
	if _, err := os.Stat(there(t, "js/node_modules")); err != nil {
		do(t, "js", "npm", "ci", "--no-fund", "--no-audit")
	}
	return []string{"node", there(t, "js/signin.mjs")}, []string{"NODE_EXTRA_CA_CERTS=" + h.CA}
}

// Java takes no IP address for a vault, and has a hosts file and a truststore of its own.
func prepareJava(t *testing.T, h *serve.House) (command, env []string) {
	do(t, "java", "mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath")
	text, err := os.ReadFile(there(t, "java/target/classpath"))
	must.Do(t, err)
	must.Do(t, os.WriteFile(h.File("hosts"), []byte("127.0.0.1 localhost web.vault.localhost\n"), 0o644))
	store := h.File("truststore.p12")
	do(t, "java", "keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", h.CA, "-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit")
	options := fmt.Sprintf("-Djdk.net.hosts.file=%s -Djavax.net.ssl.trustStore=%s -Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStoreType=PKCS12", h.File("hosts"), store)
	return []string{"java", "-cp", there(t, "java/target/classes") + ":" + strings.TrimSpace(string(text)), "SignIn"}, []string{"JAVA_TOOL_OPTIONS=" + options}
}
