package clientenv

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"certwright/internal/files"
)

// RunFile is where a running server writes its Ready in the data folder.
const RunFile = "run.json"

// Ready says where a running server is. It is the line of --json and the
// content of run.json (docs/decisions/002-when-work-happens.md).
type Ready struct {
	VaultURL string `json:"vault_url"`           // the default vault by name
	IPURL    string `json:"ip_url"`              // the same by address, for where the name does not resolve
	HTTPURL  string `json:"http_url"`            // the side door
	ProxyURL string `json:"proxy_url,omitempty"` // the proxy that leads Azure's names here; "" where there is none
	CAFile   string `json:"ca_file"`             // PEM, for clients to trust
	Data     string `json:"data"`                // the data folder
	PID      int    `json:"pid"`

	Production bool   `json:"production,omitempty"`  // certwright serve
	VaultHosts string `json:"vault_hosts,omitempty"` // what vaults are called by, as in *.vault.example.org; "" is *.vault.localhost
}

// VaultURLOf returns the URL of a vault by name.
func (r Ready) VaultURLOf(name string) string {
	host := name + strings.TrimPrefix(cmp.Or(r.VaultHosts, "*.vault.localhost"), "*")
	if u, err := url.Parse(r.IPURL); err == nil && u.Port() != "" && (r.VaultHosts == "" || u.Port() != "443") {
		host = net.JoinHostPort(host, u.Port())
	}
	return "https://" + host
}

// ReadRun reads what a server running in the data folder wrote. fs.ErrNotExist
// means that none runs there; one that was killed leaves its file.
func ReadRun(data string) (Ready, error) {
	var r Ready
	text, err := os.ReadFile(filepath.Join(data, RunFile))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil || hostOf(r.IPURL) == "" || hostOf(r.HTTPURL) == "" {
		return r, fmt.Errorf("read %s: it is not valid; start the server again", filepath.Join(data, RunFile))
	}
	return r, nil
}

// Write writes run.json.
func (r Ready) Write() error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write %s: %w", RunFile, err)
	}
	return files.Replace(filepath.Join(r.Data, RunFile), append(line, '\n'), 0o600)
}

// Remove removes run.json; none there is no error.
func (r Ready) Remove() error {
	err := os.Remove(filepath.Join(r.Data, RunFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// HostsLine returns the line for a hosts file that makes a vault's name lead here.
func (r Ready) HostsLine(name string) string {
	return hostOf(r.IPURL) + " " + hostOf(r.VaultURLOf(name))
}

// HostsFile is where this system keeps its hosts file.
func HostsFile() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("SystemRoot"), `System32\drivers\etc\hosts`)
	}
	return "/etc/hosts"
}
