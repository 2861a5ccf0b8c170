package server

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Provider says who stands behind the issuers of a provider. In the file its
// settings stand beside its kind.
type Provider struct {
	Kind     string           // a key of the table in kinds.go
	Settings ProviderSettings // the Settings of that kind's package; nil for an unknown kind
}

// ProviderSettings are the settings of one provider. Check uses no network; each
// of its errors names a key and says what to write there.
type ProviderSettings interface {
	Check() []error
}

var providerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// UnmarshalYAML reads the settings that belong to the kind. An unknown kind is
// left for Check to refuse.
func (p *Provider) UnmarshalYAML(n *yaml.Node) error {
	var head struct {
		Kind string `yaml:"kind"`
	}
	if err := n.Load(&head); err != nil {
		return err
	}
	p.Kind = head.Kind
	k, ok := kinds()[p.Kind]
	if !ok {
		return nil
	}
	s := reflect.New(k.settings)
	if err := n.Load(s.Interface()); err != nil {
		return err
	}
	p.Settings, ok = s.Elem().Interface().(ProviderSettings)
	if !ok {
		return fmt.Errorf("kind %s has no settings", p.Kind)
	}
	return nil
}

// checkProviders reports what will not do with the providers of the file.
func checkProviders(all map[string]Provider) (wrong []error) {
	seen := map[string]string{}
	for name, p := range all {
		if other, twice := seen[strings.ToLower(name)]; twice {
			wrong = append(wrong, fmt.Errorf("providers: %s and %s are one name: case does not matter", min(name, other), max(name, other)))
		}
		seen[strings.ToLower(name)] = name
		for _, err := range p.check(name) {
			wrong = append(wrong, fmt.Errorf("providers: %w", err))
		}
	}
	return wrong
}

func (p Provider) check(name string) (wrong []error) {
	if !providerName.MatchString(name) {
		wrong = append(wrong, fmt.Errorf("%q must be 1 to 64 letters, digits, '-', '.' and '_', the first a letter or digit", name))
	}
	k, ok := kinds()[p.Kind]
	switch {
	case p.Kind == "":
		return append(wrong, fmt.Errorf("%s has no kind; there are %s", name, kindNames()))
	case !ok:
		return append(wrong, fmt.Errorf("%s is of kind %q; there are %s", name, p.Kind, kindNames()))
	case reflect.TypeOf(p.Settings) != k.settings:
		return append(wrong, fmt.Errorf("%s has no settings of kind %s", name, p.Kind))
	}
	for _, err := range p.Settings.Check() {
		wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
	}
	return wrong
}

func kindNames() string {
	var names []string
	for name := range kinds() {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// relativeTo makes the files that providers' settings name relative to the
// folder of the configuration file, as a person who writes one means them.
func relativeTo(folder string, all map[string]Provider) error {
	for name, p := range all {
		if p.Settings == nil {
			continue
		}
		s := reflect.New(reflect.TypeOf(p.Settings)).Elem()
		s.Set(reflect.ValueOf(p.Settings))
		if err := rebase(folder, s, ""); err != nil {
			return err
		}
		var ok bool
		if p.Settings, ok = s.Interface().(ProviderSettings); !ok {
			return errors.New("settings that are none")
		}
		all[name] = p
	}
	return nil
}

// isFile reports whether the setting of that key is the name of a file: one that
// ends in _file or _bundle, and the two of import.
func isFile(key string) bool {
	return strings.HasSuffix(key, "_file") || strings.HasSuffix(key, "_bundle") || key == "import.certificate" || key == "import.key"
}

// rebase goes through the settings under v; key is where they stand.
func rebase(folder string, v reflect.Value, key string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return rebase(folder, v.Elem(), key)
		}
	case reflect.Struct:
		for _, f := range settingsIn(v.Type()) {
			if err := rebase(folder, v.FieldByIndex(f.index), strings.TrimPrefix(lastOf(key)+"."+f.key, ".")); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := rebase(folder, v.Index(i), key); err != nil {
				return err
			}
		}
	case reflect.String:
		if path := v.String(); isFile(key) && path != "" && !filepath.IsAbs(path) {
			at, err := filepath.Abs(filepath.Join(folder, path))
			if err != nil {
				return fmt.Errorf("find %s: %w", path, err)
			}
			v.SetString(at)
		}
	}
	return nil
}

func lastOf(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// A setting is a field of a settings struct.
type setting struct {
	key   string
	of    reflect.Type
	index []int
}

// settingsIn returns the settings of a struct in their order, those of inlined
// structs among them.
func settingsIn(t reflect.Type) (all []setting) {
	for f := range t.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || key == "-":
		case strings.Contains(options, "inline"):
			for _, inner := range settingsIn(f.Type) {
				inner.index = append(slices.Clone(f.Index), inner.index...)
				all = append(all, inner)
			}
		default:
			all = append(all, setting{cmp.Or(key, strings.ToLower(f.Name)), f.Type, f.Index})
		}
	}
	return all
}
