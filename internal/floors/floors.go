// Package floors holds the house to its plan: every package stands on a floor
// and imports only lower ones, so that neighbours never know each other. It
// reads the source files themselves and runs only in tests. Begin with House.
package floors

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Top is the floor of what nobody imports.
const Top = 7

// House gives each folder with Go code its floor (ARCHITECTURE.md). A name
// that ends in "/..." covers the folders below it.
var House = map[string]int{
	"internal/vault": 0, "internal/files": 0,

	"internal/policy": 1, "internal/renewal": 1, "internal/keys": 1, "internal/must": 1, "internal/keys/wycheproof": Top, "internal/clock": 1, "internal/child": 1,
	"internal/account": 1, "internal/outbound": 1, "internal/setting": 1, "internal/engine": 1, "internal/anchor": 1,
	"internal/wire": 1, "internal/audit/line": 1, "internal/certs/dn": 1, "internal/certs/pfx": 1, "internal/authority": 1,
	"internal/store/storetest": 1, "internal/auth/authtest": 1, "internal/store/record": 1, "internal/store/pgdriver": 1,
	"internal/systemd": 1, "internal/print": 1,
	"internal/console/chart": 1, "internal/console/asset": 1, "internal/console/view": 2, "internal/console/session": 3, "internal/console/pages": 3, "internal/console/fields": 3, "internal/console/door": 4, "internal/console/merging": 4, "internal/console/objects": 5, "internal/console/running": 5, "internal/console": 5,

	"internal/certs": 2, "internal/seal": 2, "internal/schedule": 2, "internal/issuer/issuertest": 2, "internal/store/sqlstore": 2, "internal/worker": 2, "internal/challenge": 2, "internal/auth": 2, "internal/access": 2,
	"internal/trust": 2, "internal/notify": 2, "internal/metrics": 2, "internal/proxy": 2, "internal/oauth": 2, "internal/peer": 2, "internal/listener": 2, "internal/audit": 2, "internal/feed": 2,

	"internal/store/sqlstore/sqltest": 3, "internal/order": 3, "internal/issuer/scripted": 3, "internal/issuer/ca": 3, "internal/issuer/acme": 3, "internal/issuer/digicert": 3, "internal/issuer/openbao": 3,
	"internal/admin": 3, "internal/sts": 3, "internal/tokens": 3, "internal/agent": 3, "internal/arm": 3, "internal/backup": 3, "internal/check": 3, "internal/census": 3,

	"internal/material": 3, "internal/ask": 2,

	"internal/service": 4, "internal/folder": 4, "internal/config": 4, "internal/clientenv": 4,

	"internal/client/signin": 3, "internal/client/keyvault": 5, "internal/client/reach": 6, "internal/inspect": 5, "internal/api": 5, "internal/client": 5, "internal/service/servicetest": 5,

	"internal/server": 6, "internal/logs": 6, "internal/usage": 6, "internal/setup": 6,

	"cmd/...": Top, "testvault": Top, "conformance/script": Top - 1, "conformance/process": Top - 2, "conformance/serve": Top - 1, "conformance/certcentral": Top - 1, "conformance/ledger": Top - 1, "conformance/...": Top, "examples/...": Top, "internal/floors": Top,
}

// Breaches reads every Go file under root, tests left out, and tells which
// imports do not lead down. module is the module's path.
func Breaches(root, module string, house map[string]int) ([]string, error) {
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root {
			return skip(d.Name())
		}
		if d.IsDir() {
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		more, err := breaches(path, filepath.ToSlash(rel), module, house)
		found = append(found, more...)
		return err
	})
	return found, err
}

func skip(dir string) error {
	if dir == "testdata" || dir == "node_modules" || len(dir) > 1 && strings.HasPrefix(dir, ".") {
		return filepath.SkipDir
	}
	return nil
}

func breaches(path, rel, module string, house map[string]int) ([]string, error) {
	from := "."
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		from = rel[:i]
	}
	at, ok := floor(from, house)
	if !ok {
		return []string{fmt.Sprintf("%s: folder %s has no floor; give it one in internal/floors", rel, from)}, nil
	}
	if strings.HasSuffix(rel, "_test.go") {
		return nil, nil // a test may know the neighbours
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		if why := breach(p, at, module, house); why != "" {
			found = append(found, fmt.Sprintf("%s: %s (floor %d) must not import %s", rel, from, at, why))
		}
	}
	return found, nil
}

// breach tells what is wrong with importing p from a floor; "" if nothing is.
func breach(p string, at int, module string, house map[string]int) string {
	inside, ours := strings.CutPrefix(p, module+"/")
	if !ours {
		if first, _, _ := strings.Cut(p, "/"); at == 0 && strings.Contains(first, ".") {
			return p + ": floor 0 has the standard library only"
		}
		return ""
	}
	to, ok := floor(inside, house)
	if !ok {
		return inside + ", which has no floor"
	}
	if to >= at && at != Top {
		return fmt.Sprintf("%s (floor %d)", inside, to)
	}
	return ""
}

// floor finds the floor of a folder: its own line, or the nearest "/..." above it.
func floor(dir string, house map[string]int) (int, bool) {
	if f, ok := house[dir]; ok {
		return f, true
	}
	for at := dir; at != ""; {
		if f, ok := house[at+"/..."]; ok {
			return f, true
		}
		i := strings.LastIndexByte(at, '/')
		if i < 0 {
			break
		}
		at = at[:i]
	}
	return 0, false
}
