package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// A fence is a block of a page that can be pasted.
type fence struct{ language, text string }

func fencesOf(t *testing.T, page string) (all []fence) {
	t.Helper()
	text, err := os.ReadFile(page)
	must.Do(t, err)
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		all = append(all, fence{m[1], m[2]})
	}
	return all
}

// The pages on issuers run from top to bottom as somebody pastes them, with the
// files that they name: a server starts by each configuration, and the commands
// below it say what the page says. Authorities elsewhere are out of reach.
func TestIssuerPagesRun(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/issuers/*.md")
	must.Do(t, err)
	configurations, commands := 0, 0
	for _, page := range pages {
		folder, config := t.TempDir(), ""
		for i, f := range fencesOf(t, page) {
			where := fmt.Sprintf("%s, block %d", filepath.Base(page), i+1)
			switch {
			case f.language == "yaml":
				config = filepath.Join(folder, fmt.Sprintf("%d.yaml", i))
				must.Do(t, os.WriteFile(config, []byte(outOfReach(f.text, folder)), 0o600))
				makeNamed(t, f.text, folder)
				aroundServer(t, where, folder, config, "exit 0\n")
				configurations++
			case f.language == "sh" && strings.Contains(f.text, "certwright issuer set"):
				makeNamed(t, f.text, folder)
				aroundServer(t, where, folder, config, checked(f.text))
				commands++
			}
		}
	}
	if configurations < 12 || commands < 5 {
		t.Errorf("only %d configurations and %d blocks of commands were run", configurations, commands)
	}
}

// outOfReach is a configuration whose authorities are nowhere, and whose programs
// lie in the folder.
func outOfReach(text, folder string) string {
	text = strings.ReplaceAll(text, "/etc/certwright/", folder+"/")
	text = regexp.MustCompile(`(directory: "?|base_url: "?|address: "?|url: "?)https://[^/" ,}]+`).ReplaceAllString(text, "${1}https://127.0.0.1:1")
	return strings.ReplaceAll(text, "{kind: digicert}", "{kind: digicert, base_url: 'https://127.0.0.1:1/services/v2'}")
}

// makeNamed makes the files that a block names and that a reader has.
func makeNamed(t *testing.T, text, folder string) {
	t.Helper()
	chain, key := authorityFiles(t)
	write := func(name, content string, mode os.FileMode) {
		must.Do(t, os.WriteFile(filepath.Join(folder, name), []byte(content), mode))
	}
	for _, m := range regexp.MustCompile(`\b(ca_bundle|certificate|\w+_file|key): ([\w.-]+)|--password-file ([\w.-]+)`).FindAllStringSubmatch(text, -1) {
		switch name := m[2] + m[3]; {
		case m[1] == "ca_bundle" || m[1] == "certificate":
			write(name, chain, 0o644)
		case m[1] == "key":
			write(name, key, 0o600)
		case m[1] == "account_file":
			write(name, `{"www.example.org":{"fulldomain":"8e57.auth.example.org","subdomain":"8e57","username":"u","password":"p"}}`, 0o600)
		case strings.HasSuffix(name, ".key"):
			write(name, `key "certwright" { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"; };`, 0o600)
		default:
			write(name, "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", 0o600)
		}
	}
	for _, m := range regexp.MustCompile(`/etc/certwright/([\w-]+\.sh)`).FindAllStringSubmatch(text, -1) {
		write(m[1], "#!/bin/sh\nexit 1\n", 0o755)
	}
}

// authorityFiles are an issuing CA with its root, and its key, in PEM.
func authorityFiles(t *testing.T) (chain, key string) {
	t.Helper()
	dir := t.TempDir()
	script := `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -subj '/CN=Root' -days 3650 -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout issuing.key -out issuing.csr -subj '/CN=Issuing' 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' > ext
openssl x509 -req -in issuing.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3000 -extfile ext -out issuing.pem 2>/dev/null
cat issuing.pem root.pem > chain.pem`
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	must.Do(t, cmd.Run())
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		must.Do(t, err)
		return string(text)
	}
	return read("chain.pem"), read("issuing.key")
}

// checked is a block in which each line that ends in a comment must print its
// first word, where that is a state.
func checked(block string) string {
	script := "set -e\n"
	for line := range strings.Lines(block) {
		command, comment, _ := strings.Cut(strings.TrimSpace(line), "  # ")
		word := strings.TrimSpace(comment)
		if at := strings.IndexAny(word, ", "); at >= 0 {
			word = word[:at]
		}
		switch word {
		case "inProgress", "valid", "web":
			script += fmt.Sprintf("out=$(%s 2>&1) || { echo \"$out\"; exit 1; }\ncase \"$out\" in *%s*) ;; *) echo \"%s:\n$out\"; exit 1 ;; esac\n", command, word, word)
		default:
			script += command + "\n"
		}
	}
	return script
}

// aroundServer runs a script with a server of the configuration around it.
func aroundServer(t *testing.T, where, folder, config, script string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	args := []string{"run"}
	if config != "" {
		args = append(args, "--config", config)
	}
	cmd := exec.CommandContext(ctx, "certwright", append(args, "--", "sh", "-c", script)...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "HOME="+folder, "TMPDIR="+folder, "XDG_RUNTIME_DIR=")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", where, err, script, said)
	}
}

// No page has somebody turn off what makes TLS worth having: certwright env has
// curl trust the server.
func TestPagesTrust(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../docs/*/*.md"} {
		pages, err := filepath.Glob(pattern)
		must.Do(t, err)
		for _, page := range pages {
			text, err := os.ReadFile(page)
			must.Do(t, err)
			if found := regexp.MustCompile(`curl -[a-zA-Z]*k|curl [^\n]*--insecure`).Find(text); found != nil {
				t.Errorf("%s: %s", page, found)
			}
		}
	}
}
