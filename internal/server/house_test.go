package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"certwright/internal/access"
	"certwright/internal/backup"
	"certwright/internal/check"
	"certwright/internal/config"
	"certwright/internal/logs"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore/sqltest"
)

// administered is a production configuration in which ann may do everything.
func administered(t *testing.T) config.Config {
	t.Helper()
	c := production(t)
	c.Access.Assignments = []access.Assignment{{Role: "Key Vault Administrator", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/"}}
	return c
}

// secretAt writes a secret as ann, or reads it where value is "".
func secretAt(t *testing.T, s *Server, name, value string) string {
	t.Helper()
	method, body := "GET", ""
	if value != "" {
		text, err := json.Marshal(map[string]string{"value": value})
		must.Do(t, err)
		method, body = "PUT", string(text)
	}
	got := ask(t, anyway(t), method, s.Ready.IPURL+"/secrets/"+name+"?api-version=7.4", body, "Authorization", "Bearer "+corp.Token("ann", nil))
	var said struct{ Value string }
	if err := json.Unmarshal([]byte(got.body), &said); err != nil || got.status != 200 {
		t.Errorf("%s %s: %d %s", method, name, got.status, got.body)
	}
	return said.Value
}

func takeAndRestore(t *testing.T, from backup.Request, to backup.Restoration) {
	t.Helper()
	from.To, from.WithKeyset = t.TempDir(), true
	made, err := backup.Take(t.Context(), from)
	must.Do(t, err)
	to.From = made.File
	done, err := backup.Restore(t.Context(), to)
	must.Do(t, err)
	if !made.Opened || !done.Opened {
		t.Errorf("the seals were not opened: %+v, %+v", made, done)
	}
	if strings.Contains(done.Store, "://") || (done.Store == "") != (to.Store == "") {
		t.Errorf("the database is called %q", done.Store)
	}
}

// A server moves from SQLite to PostgreSQL, and from there back beside servers
// that run; each time a server starts and shows what is sealed to the byte.
func TestMovingHouse(t *testing.T) {
	t.Parallel()
	const first, second = "first \x01 ä \u2028 \" value", "second value"
	c := administered(t)
	s, err := Start(t.Context(), c, Options{})
	must.Do(t, err)
	secretAt(t, s, "one", first)
	must.Do(t, s.Stop())

	there := c
	there.Data, there.Store = t.TempDir(), sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL
	takeAndRestore(t, backup.Request{Data: c.Data}, backup.Restoration{Data: there.Data, Store: there.Store})
	var log bytes.Buffer
	s, err = Start(t.Context(), there, Options{Log: slog.New(logs.Lines(&log, slog.LevelWarn))})
	must.Do(t, err)
	if got := secretAt(t, s, "one", ""); got != first {
		t.Errorf("in PostgreSQL it is %q", got)
	}
	secretAt(t, s, "two", second)

	back := c
	back.Data = t.TempDir()
	takeAndRestore(t, backup.Request{Data: there.Data, Store: there.Store}, backup.Restoration{Data: back.Data})
	must.Do(t, s.Stop())
	if !strings.Contains(log.String(), "restored from a backup") || strings.Contains(log.String(), "altered") {
		t.Errorf("the server said: %s", log.String())
	}
	report, err := check.Folder(t.Context(), check.Request{Data: back.Data, Bound: true})
	if err != nil || len(report.Faults) > 0 || report.Seals < 2 {
		t.Errorf("checked: %+v, %v", report, err)
	}
	s = serveIn(t, back, Options{})
	if one, two := secretAt(t, s, "one", ""), secretAt(t, s, "two", ""); one != first || two != second {
		t.Errorf("back in SQLite they are %q and %q", one, two)
	}
}

// A database that has data is not restored over, and nothing in the folder is
// touched then.
func TestRestoreOverPostgres(t *testing.T) {
	t.Parallel()
	c := administered(t)
	c.Store = sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL
	s := serveIn(t, c, Options{})
	secretAt(t, s, "one", "stays")
	made, err := backup.Take(t.Context(), backup.Request{Data: c.Data, Store: c.Store, To: t.TempDir(), WithKeyset: true})
	must.Do(t, err)
	to := t.TempDir()
	_, err = backup.Restore(t.Context(), backup.Restoration{From: made.File, Data: to, Store: c.Store})
	if err == nil || !strings.Contains(err.Error(), "there are data in the database already\nhint: ") {
		t.Errorf("restored over it: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(to, "*")); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
	if got := secretAt(t, s, "one", ""); got != "stays" {
		t.Errorf("the secret is %q", got)
	}
}

// Servers that start at once on an empty database make it once, and have the
// same keys.
func TestServersStartAtOnce(t *testing.T) {
	t.Parallel()
	c := administered(t)
	c.Store = sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL
	key := filepath.Join(t.TempDir(), "kek.json")
	must.Do(t, seal.MakeFile(key))
	c.Keyset = seal.Settings{KEKs: []seal.KEKSettings{fileKEK(key)}}
	var all [3]*Server
	var starting sync.WaitGroup
	for i := range all {
		c := c
		c.Data = t.TempDir()
		starting.Go(func() {
			s, err := Start(t.Context(), c, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { stop(t, s) })
			all[i] = s
		})
	}
	if starting.Wait(); t.Failed() {
		return
	}
	secretAt(t, all[0], "shared", "value")
	for i, s := range all {
		if got := secretAt(t, s, "shared", ""); got != "value" {
			t.Errorf("at %d it is %q", i, got)
		}
	}
}
