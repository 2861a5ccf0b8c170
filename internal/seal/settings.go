package seal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"certwright/internal/setting"
)

// Settings are what an operator writes under `keyset`: the key-encryption keys.
// The first is the one in force; the others are those that a change is from or to.
type Settings struct {
	KEKs []KEKSettings // none: the file keyset.json of the data folder
}

// KEKSettings describe one key-encryption key.
type KEKSettings struct {
	Kind     string // one of kinds
	Settings opener // of that kind; nil for an unknown kind
}

// An opener is the settings of a kind.
type opener interface {
	setting.Settings
	Check() []error
	// open reads what the settings name, and calls nobody.
	open() (KEK, error)
}

// kinds is the table of what may hold a key-encryption key.
var kinds = map[string]func() opener{
	"file":    func() opener { return &FileSettings{} },
	"transit": func() opener { return &TransitSettings{} },
	"exec":    func() opener { return &ExecSettings{} },
}

func kindNames() string { return strings.Join(slices.Sorted(maps.Keys(kinds)), ", ") }

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{setting.OneOf("keyset", "kind", "file", &s.KEKs, settingsOf)}
}

// settingsOf returns empty settings of a kind. What stands beside an unknown one
// is not looked at: Check refuses the kind, which is what matters then.
func settingsOf(kind string) (s KEKSettings, fields []setting.Field, known bool) {
	s.Kind = kind
	if empty, ok := kinds[kind]; ok {
		s.Settings = empty()
		return s, s.Settings.Fields(), true
	}
	return s, nil, kind == ""
}

// maxKEKs bounds how many wraps there are.
const maxKEKs = 4

// Check tells what will not do, without looking at files or the network.
func (s Settings) Check() (wrong []error) {
	if len(s.KEKs) > maxKEKs {
		wrong = append(wrong, fmt.Errorf("keyset: there are %d; at most %d can be in use at a time", len(s.KEKs), maxKEKs))
	}
	for i, k := range s.KEKs {
		for _, err := range k.check() {
			if len(s.KEKs) > 1 {
				err = fmt.Errorf("%d: %w", i+1, err)
			}
			wrong = append(wrong, fmt.Errorf("keyset: %w", err))
		}
	}
	return wrong
}

func (k KEKSettings) check() []error {
	switch {
	case k.Kind == "":
		return []error{errors.New("kind is missing; use one of " + kindNames())}
	case k.Settings == nil:
		return []error{fmt.Errorf("the kind %q is unknown; use one of %s", k.Kind, kindNames())}
	}
	return k.Settings.Check()
}

// Open returns the key-encryption keys; usual is the path of the file where none
// is named. It calls nobody.
func (s Settings) Open(usual string) ([]KEK, error) {
	if len(s.KEKs) == 0 {
		return []KEK{NewFile(usual)}, nil
	}
	var all []KEK
	for _, k := range s.KEKs {
		kek, err := k.Settings.open()
		if err != nil {
			return nil, fmt.Errorf("open the keyset: %s: %w", k.Kind, err)
		}
		all = append(all, kek)
	}
	return all, nil
}

// FileSettings name a file, also one that systemd decrypts for the service.
type FileSettings struct {
	Path string
}

// Fields implements setting.Settings.
func (s *FileSettings) Fields() []setting.Field {
	return []setting.Field{setting.File("path", &s.Path)}
}

// Check implements opener.
func (s *FileSettings) Check() []error {
	if s.Path == "" {
		return []error{errors.New("path is missing: the file that holds the key-encryption keys")}
	}
	return nil
}

func (s *FileSettings) open() (KEK, error) { return NewFile(s.Path), nil }
