//go:build linux

package serve_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"certwright/conformance/serve"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

const clusterFiles = "../../packaging/cluster"

// composed is a compose file, as far as ours goes: what is not here is refused.
type composed struct {
	Name     string
	Services map[string]service
	Secrets  map[string]struct{ File string }
	Volumes  map[string]struct{}
}

type service struct {
	Image, User, Restart string
	Build                *struct{ Context, Dockerfile string }
	Environment          map[string]string
	Secrets, Volumes     []string
	Ports                []string
	ReadOnly             bool      `yaml:"read_only"`
	CapDrop              []string  `yaml:"cap_drop"`
	SecurityOpt          []string  `yaml:"security_opt"`
	DependsOn            yaml.Node `yaml:"depends_on"`
	StopSignal           string    `yaml:"stop_signal"`
	StopGracePeriod      string    `yaml:"stop_grace_period"`
	ShmSize              string    `yaml:"shm_size"`
	Healthcheck          *struct {
		Test              []string
		Interval, Timeout string
		Retries           int
	}
}

func readCompose(t *testing.T) (c composed, text string) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(clusterFiles, "compose.yaml"))
	must.Do(t, err)
	in := yaml.NewDecoder(bytes.NewReader(file))
	in.KnownFields(true)
	must.Do(t, in.Decode(&c))
	if err := in.Decode(&composed{}); !errors.Is(err, io.EOF) {
		t.Errorf("there is more in it: %v", err)
	}
	return c, string(file)
}

// asDocumented is a copy of the folder in which the steps of docs/cluster.md were
// done, all but those that start containers; certwright is the one that is tested.
func asDocumented(t *testing.T, program string) (folder string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/cluster.md")
	must.Do(t, err)
	block := regexp.MustCompile("(?s)```sh\n(cd packaging/cluster\n.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/cluster.md has no steps that begin in packaging/cluster")
	}
	folder = t.TempDir()
	must.Do(t, os.CopyFS(filepath.Join(folder, "packaging", "cluster"), os.DirFS(clusterFiles)))
	bin := t.TempDir()
	must.Do(t, os.Symlink(program, filepath.Join(bin, "certwright")))
	var steps strings.Builder
	steps.WriteString("set -e\n")
	containers := 0
	for line := range strings.Lines(string(block[1])) {
		if strings.HasPrefix(line, "docker compose ") {
			containers++
			continue
		}
		steps.WriteString(line)
	}
	if containers == 0 {
		t.Error("the steps start nothing")
	}
	c := exec.CommandContext(t.Context(), "sh")
	c.Dir, c.Stdin, c.Env = folder, strings.NewReader(steps.String()), append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(folder, "packaging", "cluster")
}

// After the documented steps everything is there that the compose file mounts and
// the configuration names, no password lies in a file of the repository, and
// certwright check finds nothing wrong, with a real database in place of the
// container's.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	folder := asDocumented(t, h.Program)
	c, text := readCompose(t)
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, to, _ := strings.Cut(v, ":")
			if _, named := c.Volumes[from]; !named && !exists(filepath.Join(folder, from)) || !strings.HasPrefix(to, "/") {
				t.Errorf("%s mounts %s, which is not there", name, v)
			}
		}
		for _, secret := range s.Secrets {
			if _, there := c.Secrets[secret]; !there {
				t.Errorf("%s has the secret %s, which is not there", name, secret)
			}
		}
		if s.Build != nil && !exists(filepath.Join(folder, s.Build.Context, s.Build.Dockerfile)) {
			t.Errorf("%s is built by what is not there: %+v", name, s.Build)
		}
		for variable := range s.Environment {
			if strings.Contains(strings.ToUpper(variable), "PASSWORD") && !strings.HasSuffix(variable, "_FILE") {
				t.Errorf("%s has a password in its environment", name)
			}
		}
		for on := range dependsOn(t, s.DependsOn) {
			if _, there := c.Services[on]; !there {
				t.Errorf("%s depends on %s, which is not there", name, on)
			}
		}
	}
	for name, s := range c.Secrets {
		info, err := os.Stat(filepath.Join(folder, s.File))
		must.Do(t, err)
		if name != "tls.pem" && info.Mode().Perm()&0o077 != 0 || !strings.HasPrefix(s.File, "./secrets/") {
			t.Errorf("%s is %v", s.File, info.Mode())
		}
	}
	if want := []string{"balancer", "one", "postgres", "two"}; !slices.Equal(slices.Sorted(maps.Keys(c.Services)), want) {
		t.Errorf("it has %v", slices.Sorted(maps.Keys(c.Services)))
	}
	for _, name := range []string{"one", "two"} {
		s := c.Services[name]
		if !slices.Contains(s.Volumes, name+":/var/lib/certwright") || !slices.Contains(s.Volumes, "./etc:/etc/certwright:ro") || len(s.Ports) > 0 || !s.ReadOnly {
			t.Errorf("%s: %+v", name, s)
		}
	}
	balanced(t, folder, c)
	checked(t, h, folder, text)
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// dependsOn are the names in either form.
func dependsOn(t *testing.T, n yaml.Node) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	var list []string
	var by map[string]struct{ Condition string }
	if n.Kind == yaml.SequenceNode {
		must.Do(t, n.Decode(&list))
	} else if n.Kind != 0 {
		must.Do(t, n.Decode(&by))
	}
	for _, name := range append(list, slices.Collect(maps.Keys(by))...) {
		names[name] = true
	}
	return names
}

// balanced holds the balancer to the servers that there are, and their listeners.
func balanced(t *testing.T, folder string, c composed) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "haproxy.cfg"))
	must.Do(t, err)
	found := regexp.MustCompile(`(?m)^    server (\S+) (\w+):8443 (check port 8080|backup)`).FindAllSubmatch(text, -1)
	var to []string
	for _, f := range found {
		to = append(to, string(f[2]))
		if _, there := c.Services[string(f[2])]; !there {
			t.Errorf("the balancer has the server %s, which is not there", f[2])
		}
	}
	if !slices.Equal(to, []string{"one", "two", "one", "two"}) || !bytes.Contains(text, []byte("mode tcp")) || !bytes.Contains(text, []byte("bind :8443")) {
		t.Errorf("the balancer goes to %q:\n%s", to, text)
	}
}

// checked has certwright check look at the configuration, with the secrets and the
// folder where they are here.
func checked(t *testing.T, h *serve.House, folder, compose string) {
	t.Helper()
	path := filepath.Join(folder, "etc", "config.yaml")
	config, err := os.ReadFile(path)
	must.Do(t, err)
	database := regexp.MustCompile(`(?m)^store: postgres://certwright@postgres:5432/certwright\?.*passfile=/run/secrets/pgpass$`)
	if !database.Match(config) || strings.Count(compose, "POSTGRES_USER: certwright") != 1 || strings.Count(compose, "POSTGRES_DB: certwright") != 1 {
		t.Fatalf("the configuration names another database than the compose file makes:\n%s", config)
	}
	pgpass, err := os.ReadFile(filepath.Join(folder, "secrets", "pgpass"))
	must.Do(t, err)
	password, err := os.ReadFile(filepath.Join(folder, "secrets", "postgres-password"))
	must.Do(t, err)
	if want := "postgres:5432:certwright:certwright:" + string(bytes.TrimSpace(password)) + "\n"; string(pgpass) != want || len(bytes.TrimSpace(password)) < 32 {
		t.Error("the file with the password is not the one of the database")
	}
	data := t.TempDir()
	must.Do(t, os.Chmod(data, 0o700))
	changed := database.ReplaceAllLiteralString(string(config), "store: "+sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL)
	changed = strings.NewReplacer("/run/secrets/", filepath.Join(folder, "secrets")+"/", "/var/lib/certwright", data).Replace(changed)
	must.Do(t, os.WriteFile(path, []byte(changed), 0o600))
	out, said, code := h.Run(t, "check", "--config", path)
	if code != 0 || !strings.Contains(out, "it has no tables yet") || !strings.Contains(out, " wraps and unwraps") {
		t.Errorf("check: %d\n%s%s", code, out, said)
	}
}

// The unit with what differs in a cluster is one that systemd takes, and what is
// written there does count.
func TestUnitOfACluster(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("systemd-analyze is not here: the unit is not verified")
	}
	must.Do(t, err)
	unit, err := os.ReadFile("../../packaging/systemd/certwright.service")
	must.Do(t, err)
	more, err := os.ReadFile("../../packaging/systemd/certwright.service.d/cluster.conf")
	must.Do(t, err)
	verify := func(more string) string {
		dir := t.TempDir()
		must.Do(t, os.Mkdir(filepath.Join(dir, "certwright.service.d"), 0o755))
		must.Do(t, os.WriteFile(filepath.Join(dir, "certwright.service"), bytes.ReplaceAll(unit, []byte("/usr/bin/certwright"), []byte("/bin/true")), 0o644))
		must.Do(t, os.WriteFile(filepath.Join(dir, "certwright.service.d", "cluster.conf"), []byte(more), 0o644))
		said, err := exec.Command(analyze, "verify", filepath.Join(dir, "certwright.service")).CombinedOutput()
		if err != nil {
			return err.Error() + string(said)
		}
		return string(said)
	}
	if said := verify(string(more)); said != "" {
		t.Errorf("verify: %s", said)
	}
	if said := verify(strings.Replace(string(more), "TimeoutStartSec=30min", "TimeoutStartSec=soon", 1)); !strings.Contains(said, "soon") {
		t.Errorf("what is wrong in it is not found: %q", said)
	}
	for _, named := range []string{"passfile=/run/credentials/certwright.service/pgpass", "keyset: /run/credentials/certwright.service/keyset.json"} {
		file := named[strings.LastIndex(named, "/")+1:]
		if !strings.Contains(string(more), named) || !strings.Contains(string(more), "\nLoadCredential="+file+":/etc/certwright/"+file+"\n") {
			t.Errorf("it does not load what %s names", named)
		}
	}
}

// The diagram can be read by who does not see it, and is XML.
func TestDiagram(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/cluster.svg")
	must.Do(t, err)
	var picture struct {
		XMLName xml.Name
		Role    string `xml:"role,attr"`
		Label   string `xml:"aria-labelledby,attr"`
		Title   struct {
			ID   string `xml:"id,attr"`
			Text string `xml:",chardata"`
		} `xml:"title"`
		Desc struct {
			ID   string `xml:"id,attr"`
			Text string `xml:",chardata"`
		} `xml:"desc"`
	}
	must.Do(t, xml.Unmarshal(text, &picture))
	if picture.XMLName.Local != "svg" || picture.Role != "img" || picture.Label != picture.Title.ID+" "+picture.Desc.ID || picture.Title.Text == "" || len(picture.Desc.Text) < 100 {
		t.Errorf("%+v", picture)
	}
	page, err := os.ReadFile("../../docs/cluster.md")
	must.Do(t, err)
	if !regexp.MustCompile(`!\[[^\]]{40,}\]\(cluster\.svg\)`).Match(page) {
		t.Error("docs/cluster.md does not show it, or not in words")
	}
}
