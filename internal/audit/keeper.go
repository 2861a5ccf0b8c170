package audit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"certwright/internal/audit/line"
	"certwright/internal/vault"
)

// A row is what the database keeps of a log, sealed: its keys, and where it was
// at its last checkpoint, so that a file whose end is gone shows.
type row struct {
	Origin   string `json:"origin"`
	Proof    []byte `json:"proof"`    // the key of the chain
	Signer   string `json:"signer"`   // the key of checkpoints
	Verifier string `json:"verifier"` // the one that others have of it
	state
}

// A state is where the chain was.
type state struct {
	Time time.Time `json:"time,omitzero"`
	Note string    `json:"note,omitempty"`
	Size int64     `json:"size"` // lines, that of the checkpoint too
	Prev []byte    `json:"prev,omitempty"`
	Edge string    `json:"edge,omitempty"`
}

// A keeper keeps the row of a log up to date, beside the writer.
type keeper struct {
	accounts vault.Accounts
	id       string
	server   string
	row      row
	rev      int64
	made     bool // now
	signer   note.Signer
	verifier string // the signer's public half
	log      *slog.Logger

	news chan state // the newest state alone
	done sync.WaitGroup
}

// rowID is where the row of a server's log is.
func rowID(server string) string { return "audit/" + server }

// openKeeper reads the row, or makes it with new keys.
func openKeeper(ctx context.Context, server string, m Means) (*keeper, error) {
	k := &keeper{accounts: m.Accounts, id: rowID(server), server: server, log: m.Log, news: make(chan state, 1)}
	var err error
	if k.row, k.rev, err = readRow(ctx, m.Accounts, server); errors.Is(err, vault.ErrNotFound) {
		k.made = true
		if k.row, err = newRow(m.Host + "/audit/" + server); err == nil {
			err = k.write(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	if k.signer, err = note.NewSigner(k.row.Signer); err != nil {
		return nil, fmt.Errorf("use the key of checkpoints: %w", err)
	}
	k.verifier = k.row.Verifier
	k.done.Go(k.run)
	return k, nil
}

func readRow(ctx context.Context, accounts vault.Accounts, server string) (r row, rev int64, err error) {
	text, rev, err := accounts.Read(ctx, rowID(server))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, rev, err
}

func newRow(origin string) (r row, err error) {
	r.Origin, r.Proof = origin, make([]byte, 32)
	rand.Read(r.Proof) // never fails (crypto/rand)
	r.Signer, r.Verifier, err = note.GenerateKey(rand.Reader, origin)
	return r, err
}

func (k *keeper) write(ctx context.Context) error {
	text, err := json.Marshal(k.row)
	if err != nil {
		return err
	}
	if err := k.accounts.Write(ctx, k.id, text, k.rev); err != nil {
		return err
	}
	k.rev++
	return nil
}

// keep has a state kept, in place of one that is not kept yet.
func (k *keeper) keep(s state) {
	select {
	case <-k.news:
	default:
	}
	k.news <- s // there is room: nobody else puts one there
}

func (k *keeper) run() {
	for s := range k.news {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		err := k.put(ctx, s)
		stop()
		if errors.Is(err, vault.ErrStale) {
			k.log.Error("another server writes an audit log under the same name: give each its own at audit: server", "row", k.id)
		} else if err != nil && !vault.IsStorageFault(err) { // of its disk the store tells itself
			k.log.Error("the last checkpoint of the audit log could not be kept in the database", "error", err)
		}
	}
}

// put writes a state. The row may have been sealed anew meanwhile, under another
// key; if it says something else than what was written, somebody else keeps a log
// under its name.
func (k *keeper) put(ctx context.Context, s state) error {
	was := k.row.state
	k.row.state = s
	err := k.write(ctx)
	if !errors.Is(err, vault.ErrStale) {
		return err
	}
	now, rev, bad := readRow(ctx, k.accounts, k.server)
	if bad != nil {
		return bad
	}
	if now.Verifier != k.row.Verifier || now.Size != was.Size || now.Note != was.Note {
		k.row.state = was
		return err
	}
	k.rev = rev
	return k.write(ctx)
}

// close keeps what is not kept yet, and ends.
func (k *keeper) close() {
	close(k.news)
	k.done.Wait()
}

// Known is what a server knows of its log, by which others can verify it.
type Known struct {
	Server     string     `json:"server"`
	Verifier   string     `json:"key"`        // the public half of the key of checkpoints
	Checkpoint string     `json:"checkpoint"` // the last one; "" for none
	Keys       *line.Keys `json:"-"`
}

// ReadKnown returns what the database has of a server's log; vault.ErrNotFound:
// the server never had one.
func ReadKnown(ctx context.Context, accounts vault.Accounts, s Settings) (Known, error) {
	server := s.withDefaults("").Server
	r, _, err := readRow(ctx, accounts, server)
	if err != nil {
		return Known{}, err
	}
	return Known{server, r.Verifier, r.Note, &line.Keys{Proof: r.Proof, Size: r.Size, Prev: r.Prev}}, nil
}
