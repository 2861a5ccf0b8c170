package tokens

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"go.yaml.in/yaml/v4"

	"certwright/internal/files"
)

// A ClientsFile is a clients' file that is changed. What it says beside the
// change, and the remarks in it, stay.
type ClientsFile struct {
	path    string
	text    []byte // as it was read
	doc     yaml.Node
	list    *yaml.Node
	clients []ClientSettings
}

const fileHead = "# Clients of the token service. certwright client changes this file; so may you. It holds no secrets, only hashes of random ones.\nclients: []\n"

// OpenClients reads a file to change it. One that is not there has no clients.
func OpenClients(path string) (*ClientsFile, error) {
	f := &ClientsFile{path: path}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the clients: %w", err)
	}
	f.text = text
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte(fileHead)
	}
	return f, f.read(text)
}

func (f *ClientsFile) read(text []byte) (err error) {
	if f.clients, err = parseClients(text, f.path); err != nil {
		return err
	}
	f.doc = yaml.Node{}
	if err := yaml.Unmarshal(text, &f.doc); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if f.doc.Kind != yaml.DocumentNode || f.doc.Content[0].Kind != yaml.MappingNode {
		return fmt.Errorf("%s: there is no clients: in it\nhint: write clients: [] there", f.path)
	}
	f.list = valueAt(f.doc.Content[0], "clients")
	if f.list == nil || f.list.Kind != yaml.SequenceNode {
		return fmt.Errorf("%s: clients is not a list\nhint: write clients: [] there", f.path)
	}
	return nil
}

// Path is where the file is.
func (f *ClientsFile) Path() string { return f.path }

// Clients are those in the file.
func (f *ClientsFile) Clients() []ClientSettings { return f.clients }

// Find returns a client by name or id, and where it stands; -1 for nowhere.
func (f *ClientsFile) Find(name string) int {
	return slices.IndexFunc(f.clients, func(c ClientSettings) bool { return c.Called(name) })
}

// Add puts a client at the end.
func (f *ClientsFile) Add(c ClientSettings) error {
	node, err := nodeOf(c)
	if err != nil {
		return err
	}
	f.list.Style &^= yaml.FlowStyle
	f.list.Content = append(f.list.Content, node)
	return f.change()
}

// Remove takes a client out.
func (f *ClientsFile) Remove(at int) error {
	f.list.Content = slices.Delete(f.list.Content, at, at+1)
	return f.change()
}

// SetSecrets replaces the secrets of a client.
func (f *ClientsFile) SetSecrets(at int, all []SecretSettings) error {
	node, err := nodeOf(ClientSettings{Secrets: all})
	if err != nil {
		return err
	}
	secrets := valueAt(node, "secrets")
	if secrets == nil {
		secrets = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	}
	client := f.list.Content[at]
	if old := valueAt(client, "secrets"); old != nil {
		*old = *secrets
	} else {
		client.Content = append(client.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "secrets"}, secrets)
	}
	return f.change()
}

// change judges what the file would be.
func (f *ClientsFile) change() error {
	text, err := f.written()
	if err != nil {
		return err
	}
	return f.read(text)
}

func (f *ClientsFile) written() ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(&f.doc), e.Close()); err != nil {
		return nil, fmt.Errorf("write the clients: %w", err)
	}
	return out.Bytes(), nil
}

// Write puts the file on the disk, unless somebody else changed it meanwhile.
// Everybody may read it: nobody finds a random secret of 256 bits by its hash.
func (f *ClientsFile) Write() error {
	now, err := os.ReadFile(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the clients: %w", err)
	}
	if !bytes.Equal(now, f.text) {
		return fmt.Errorf("%s was changed by somebody else meanwhile\nhint: run the command again", f.path)
	}
	text, err := f.written()
	if err != nil {
		return err
	}
	return files.Replace(f.path, text, 0o644)
}

// Row returns a client as it stands in a configuration, to paste there.
func Row(c ClientSettings) (string, error) {
	node, err := nodeOf(c)
	if err != nil {
		return "", err
	}
	text, err := yaml.Marshal(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{node}})
	return string(text), err
}

// nodeOf writes a client as YAML.
func nodeOf(c ClientSettings) (*yaml.Node, error) {
	type secret struct {
		Hash    string `yaml:"hash"`
		Expires string `yaml:"expires,omitempty"`
	}
	type certificate struct {
		File    string `yaml:"file,omitempty"`
		X5T     string `yaml:"x5t_s256,omitempty"`
		CA      string `yaml:"ca,omitempty"`
		Subject string `yaml:"subject,omitempty"`
	}
	type federated struct {
		Issuer   string `yaml:"issuer"`
		Subject  string `yaml:"subject"`
		Audience string `yaml:"audience,omitempty"`
	}
	row := struct {
		ID           string        `yaml:"id,omitempty"`
		Name         string        `yaml:"name,omitempty"`
		Groups       []string      `yaml:"groups,omitempty,flow"`
		Roles        []string      `yaml:"roles,omitempty,flow"`
		Secrets      []secret      `yaml:"secrets,omitempty"`
		Certificates []certificate `yaml:"certificates,omitempty"`
		Federated    []federated   `yaml:"federated,omitempty"`
	}{ID: c.ID, Name: c.Name, Groups: c.Groups, Roles: c.Roles}
	for _, s := range c.Secrets {
		row.Secrets = append(row.Secrets, secret(s))
	}
	for _, s := range c.Certificates {
		row.Certificates = append(row.Certificates, certificate(s))
	}
	for _, s := range c.Federated {
		row.Federated = append(row.Federated, federated(s))
	}
	var node yaml.Node
	if err := node.Encode(row); err != nil {
		return nil, fmt.Errorf("write a client: %w", err)
	}
	return &node, nil
}

// valueAt returns what stands at a key of a mapping; nil for nothing.
func valueAt(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
