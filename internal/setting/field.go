package setting

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A Field is one setting: a key of a mapping in the file, and where its value goes.
type Field struct {
	Key  string
	File bool        // names a file
	Set  func() bool // reports whether it holds anything but its zero value
	In   []Field     // the settings below it; of one entry, where it holds many

	later bool
	read  func(n *yaml.Node, folder string) error
}

// Settings are settings that stand together in a mapping of the file.
type Settings interface {
	Fields() []Field
}

// Text is a setting that holds text.
//
//go:noinline
func Text(key string, into *string) Field {
	return scalar(key, into, "write a text", func(text string, _ string) (string, error) { return text, nil })
}

// File is a setting that names a file. One that is not absolute is meant beside
// the configuration file, and is read as that. ${NAME} stands for a variable of
// the environment, as in ${CREDENTIALS_DIRECTORY}/keyset.
//
//go:noinline
func File(key string, into *string) Field {
	f := scalar(key, into, "write the path of a file; ${NAME} must be a variable of the environment", func(text, folder string) (string, error) {
		text, err := expanded(text)
		if err != nil || text == "" || filepath.IsAbs(text) {
			return text, err
		}
		return filepath.Abs(filepath.Join(folder, text))
	})
	f.File = true
	return f
}

var variable = regexp.MustCompile(`\$\{\w+\}`)

// expanded puts variables of the environment into a path. One that is not set is an error.
func expanded(text string) (string, error) {
	missing := false
	text = variable.ReplaceAllStringFunc(text, func(name string) string {
		value := os.Getenv(name[2 : len(name)-1])
		missing = missing || value == ""
		return value
	})
	if missing {
		return "", errors.New("a variable of the environment is not set")
	}
	return text, nil
}

// Number is a setting that holds a whole number.
//
//go:noinline
func Number[N int | int64](key string, into *N) Field {
	return scalar(key, into, "write a whole number", func(text, _ string) (N, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if int64(N(n)) != n {
			err = strconv.ErrRange
		}
		return N(n), err
	})
}

// Switch is a setting that is on or off.
//
//go:noinline
func Switch(key string, into *bool) Field {
	return scalar(key, into, "write true or false", func(text, _ string) (bool, error) { return truth(text) })
}

// Choice is a Switch that may also be left open, which is nil.
//
//go:noinline
func Choice(key string, into **bool) Field {
	return scalar(key, into, "write true or false", func(text, _ string) (*bool, error) {
		on, err := truth(text)
		return &on, err
	})
}

func truth(text string) (bool, error) {
	switch text {
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return false, strconv.ErrSyntax
}

// Duration is a setting that holds a length of time, as in 30s, 720h or 30d.
//
//go:noinline
func Duration(key string, into *time.Duration) Field {
	return scalar(key, into, "use a duration, as in 30s, 10m or 720h", func(text, _ string) (time.Duration, error) {
		if days, err := strconv.ParseUint(strings.TrimSuffix(text, "d"), 10, 16); err == nil && strings.HasSuffix(text, "d") {
			return time.Duration(days) * 24 * time.Hour, nil
		}
		return time.ParseDuration(text)
	})
}

// Span is a Duration that may also be left open, which is nil.
//
//go:noinline
func Span(key string, into **time.Duration) Field {
	const open = time.Duration(-1 << 63)
	d := open
	f := Duration(key, &d)
	scalar := f.read
	f.Set = func() bool { return *into != nil }
	f.read = func(n *yaml.Node, folder string) error {
		err := scalar(n, folder)
		if v := d; err == nil && v != open {
			*into = &v
		}
		return err
	}
	return f
}

// Later is a setting of a release to come; saying so is kinder than calling it unknown.
//
//go:noinline
func Later(key string) Field {
	return Field{Key: key, later: true, Set: func() bool { return false }, read: func(n *yaml.Node, _ string) error {
		return faultAt(n, "this release does not have it yet; leave it out")
	}}
}

// scalar is a setting that holds one value; parse reads it. A value of null
// leaves what is there.
//
//go:noinline
func scalar[T comparable](key string, into *T, write string, parse func(text, folder string) (T, error)) Field {
	return Field{Key: key, Set: func() bool { return *into != *new(T) }, read: func(n *yaml.Node, folder string) error {
		if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
			return nil
		}
		v, err := parse(n.Value, folder)
		if n.Kind != yaml.ScalarNode || err != nil {
			return wrong(n, write)
		}
		*into = v
		return nil
	}}
}

// wrong is the error of a value that a setting cannot hold.
func wrong(n *yaml.Node, write string) error {
	what := strconv.Quote(n.Value)
	switch n.Kind {
	case yaml.SequenceNode:
		what = "a list"
	case yaml.MappingNode:
		what = "a mapping"
	}
	return faultAt(n, "%s is invalid: %s", what, write)
}
