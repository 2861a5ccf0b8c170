package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"certwright/internal/vault"
)

func message(n int) vault.Message {
	return vault.Message{ID: id(100 + n), Sink: hook, Topic: vault.EventNewVersion, Ref: ref(fmt.Sprint("Cert-", n)), Version: id(n),
		At: instant.Add(time.Duration(n)), Due: instant.Add(-time.Duration(n)), Body: []byte(fmt.Sprint("{\"n\":", n, "}"))}
}

// hook is the sink of most messages here.
const hook = "hook"

func box(t *testing.T, s vault.Store, state vault.MessageState, after int64, limit int) []vault.Message {
	t.Helper()
	return get(t, s, func(r vault.Reader) ([]vault.Message, error) { return r.Outbox(hook, state, after, limit) })
}

// outbox: Append adds in state Queued with the next Seq; lists go by Seq.
func outbox(t *testing.T, s vault.Store) {
	update(t, s, func(tx vault.Tx) error {
		for n := range 5 {
			m := message(n)
			m.State, m.Seq, m.Tries, m.Error = vault.Dead, 99, 3, "old" // not the caller's to say
			if err := tx.Append(m); err != nil {
				return err
			}
		}
		return errors.Join(tx.Append(vault.Message{Sink: hook}), tx.Append(vault.Message{Sink: hook, Body: []byte{}}))
	})
	var last int64
	got := []vault.Message{}
	for {
		page := box(t, s, vault.Queued, last, 3)
		if len(page) == 0 {
			break
		}
		if len(page) > 3 {
			t.Fatalf("a page of %d, limit 3", len(page))
		}
		for _, m := range page {
			if m.Seq <= last {
				t.Errorf("seq %d after %d", m.Seq, last)
			}
			last, m.Seq = m.Seq, 0
			got = append(got, m)
		}
	}
	want := []vault.Message{message(0), message(1), message(2), message(3), message(4), {Sink: hook}, {Sink: hook, Body: []byte{}}}
	for i := range want {
		want[i].State = vault.Queued
	}
	same(t, "messages", got, want)
	same(t, "dead", box(t, s, vault.Dead, 0, 9), []vault.Message{})
}

// outboxStates: PutMessage records state, tries and error, and nothing else;
// a dead message can be queued again and keeps its place.
func outboxStates(t *testing.T, s vault.Store) {
	update(t, s, func(tx vault.Tx) error { return errors.Join(tx.Append(message(1)), tx.Append(message(2))) })
	queued := box(t, s, vault.Queued, 0, 9)
	first := queued[0]
	first.Tries, first.Error, first.Due = 1, "no answer", instant.Add(time.Hour)
	update(t, s, func(tx vault.Tx) error {
		changed := first
		changed.ID, changed.Sink, changed.Topic, changed.Body, changed.Version, changed.Ref, changed.At = "x", "x", "x", nil, "x", ref("x"), time.Time{}
		return tx.PutMessage(changed)
	})
	same(t, "tried once", box(t, s, vault.Queued, 0, 9), []vault.Message{first, queued[1]})
	for _, state := range []vault.MessageState{vault.Dead, vault.Queued, vault.Delivered} {
		first.State, first.Tries, first.Error = state, first.Tries+1, "in "+string(state)
		update(t, s, func(tx vault.Tx) error { return tx.PutMessage(first) })
		want := map[vault.MessageState][]vault.Message{vault.Queued: {}, vault.Dead: {}, vault.Delivered: {}}
		want[state] = append(want[state], first)
		want[vault.Queued] = append(want[vault.Queued], queued[1])
		for in, list := range want {
			same(t, string(in), box(t, s, in, 0, 9), list)
		}
	}
	refused(t, s, vault.ErrNotFound, func(tx vault.Tx) error {
		return tx.PutMessage(vault.Message{Seq: queued[1].Seq + 100, State: vault.Dead})
	})
}

// outboxSinks: every sink has its own rows; those of none are delivered; a queue
// goes by due time; old rows can be dropped.
func outboxSinks(t *testing.T, s vault.Store) {
	read, late := message(1), message(2)
	read.Sink, late.Due = "", instant.Add(time.Hour)
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.Append(read), tx.Append(late), tx.Append(message(3)), tx.Append(vault.Message{Sink: "other"}))
	})
	ids := func(list []vault.Message) (all []string) {
		for _, m := range list {
			all = append(all, m.ID)
		}
		return all
	}
	lines := get(t, s, func(r vault.Reader) ([]vault.Message, error) { return r.Outbox("", vault.Delivered, 0, 9) })
	same(t, "to be read", ids(lines), []string{read.ID})
	queue := func(limit int) []string {
		return ids(get(t, s, func(r vault.Reader) ([]vault.Message, error) { return r.Queue(hook, limit) }))
	}
	same(t, "queue", queue(9), []string{message(3).ID, late.ID})
	same(t, "queue of one", queue(1), []string{message(3).ID})
	for want, in := range []vault.Message{{Sink: hook, State: vault.Dead}, {Sink: "other", State: vault.Queued}, {Sink: hook, State: vault.Queued}} {
		count := func(most int) int {
			return get(t, s, func(r vault.Reader) (int, error) { return r.Count(in.Sink, in.State, most) })
		}
		same(t, "count of "+in.Sink, []int{count(9), count(1), count(0)}, []int{want, min(want, 1), 0})
	}
	done := box(t, s, vault.Queued, 0, 9)[1]
	done.State = vault.Delivered
	update(t, s, func(tx vault.Tx) error { return tx.PutMessage(done) })
	same(t, "queue after a delivery", queue(9), []string{late.ID})
	drop := func(sink string, before time.Time, n, want int) {
		t.Helper()
		update(t, s, func(tx vault.Tx) error {
			got, err := tx.DropMessages(sink, vault.Delivered, before, n)
			if got != want {
				t.Errorf("%d rows of %q dropped, want %d", got, sink, want)
			}
			return err
		})
	}
	drop(hook, done.At, 9, 0)
	drop(hook, done.At.Add(1), 0, 0)
	drop(hook, done.At.Add(1), 9, 1)
	drop("", instant.Add(time.Hour), 9, 1)
}

// lives: put, replaced, purged.
func lives(t *testing.T, s vault.Store) {
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Schedule, error) { return r.Schedule(ref("a")) })
	for _, l := range []vault.Schedule{
		{Version: id(1), Done: []string{"AutoRenew", "x"}, Owed: []string{"x"}, Since: instant, Tries: 3, Mended: 2, Retry: instant, WindowStart: instant, WindowEnd: instant.Add(time.Hour), Picked: instant, AskAgain: instant},
		{Version: id(2)},
	} {
		update(t, s, func(tx vault.Tx) error { return tx.PutSchedule(ref("A"), l) })
		same(t, "life", get(t, s, func(r vault.Reader) (vault.Schedule, error) { return r.Schedule(ref("a")) }), l)
	}
	update(t, s, func(tx vault.Tx) error { return tx.Purge(ref("a")) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Schedule, error) { return r.Schedule(ref("a")) })
}

// accounts: PutAccount compares Rev.
func accounts(t *testing.T, s vault.Store) {
	putAccount := func(a vault.Account) func(vault.Tx) error {
		return func(tx vault.Tx) error { return tx.PutAccount(a) }
	}
	read := func(id string) vault.Account {
		t.Helper()
		return get(t, s, func(r vault.Reader) (vault.Account, error) { return r.Account(id) })
	}
	a := vault.Account{ID: "acme/x", Body: vault.Sealed{0, 1, 255}}
	refused(t, s, vault.ErrStale, putAccount(vault.Account{ID: a.ID, Rev: 1}))
	update(t, s, putAccount(a))
	refused(t, s, vault.ErrStale, putAccount(a))
	a.Rev = 1
	same(t, "account", read(a.ID), a)
	a.Body = vault.Sealed{}
	update(t, s, putAccount(a))
	refused(t, s, vault.ErrStale, putAccount(a))
	a.Rev = 2
	same(t, "account with an empty body", read(a.ID), a)
	a.Body = nil
	update(t, s, putAccount(a))
	a.Rev = 3
	same(t, "account without a body", read(a.ID), a)
	update(t, s, putAccount(vault.Account{ID: "ACME/X"}))
	same(t, "an account's id is taken to the letter", read(a.ID), a)
}

// settings: put and replaced.
func settings(t *testing.T, s vault.Store) {
	for _, value := range []string{"1h", "", "2h ä\n"} {
		update(t, s, func(tx vault.Tx) error {
			return errors.Join(tx.PutSetting("clock", value), tx.PutSetting("other", "x"))
		})
		if got := get(t, s, func(r vault.Reader) (string, error) { return r.Setting("clock") }); got != value {
			t.Errorf("setting %q, want %q", got, value)
		}
	}
}

// reset: every row but settings and accounts is gone; a sequence number is not
// given again.
func reset(t *testing.T, s vault.Store) {
	policy := fullPolicy()
	fill := func() {
		t.Helper()
		update(t, s, func(tx vault.Tx) error {
			_, err := tx.PutObject(vault.Object{Ref: ref("a"), Latest: id(1), Policy: &policy})
			_, err2 := tx.PutOperation(fullOperation())
			return errors.Join(err, err2, tx.PutVersion(certificate(ref("a"), 1)), tx.PutIssuer(fullIssuer("web", "i")),
				tx.PutContacts("web", nil), tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: ref("a"), Due: instant}), tx.Append(message(1)))
		})
	}
	fill()
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.PutAccount(vault.Account{ID: "x"}), tx.PutSetting("k", "v"))
	})
	before := box(t, s, vault.Queued, 0, 9)
	_, leases := claimed(t, s, instant, second, 1)
	if err := s.Reset(t.Context()); err != nil {
		t.Fatalf("Reset: %v", err)
	}
	if value := get(t, s, func(r vault.Reader) (string, error) { return r.Setting("k") }); value != "v" {
		t.Errorf("setting %q after a reset", value)
	}
	get(t, s, func(r vault.Reader) (vault.Account, error) { return r.Account("x") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Object, error) { return r.Object(ref("a")) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(1)) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Operation, error) { return r.Operation(ref("web")) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.IssuerConfig, error) { return r.Issuer("web", "i") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) ([]vault.Contact, error) { return r.Contacts("web") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Job, error) { return r.Job(vault.JobIssue, ref("a")) })
	same(t, "outbox", box(t, s, vault.Queued, 0, 9), []vault.Message{})
	refused(t, s, vault.ErrStale, func(tx vault.Tx) error { return tx.Finish(leases[0]) })
	fill()
	if after := box(t, s, vault.Queued, 0, 9); len(after) != 1 || after[0].Seq <= before[0].Seq {
		t.Errorf("messages after a reset: %v, before: %v", after, before)
	}
}

// pulledIn: jobs of the kinds named and queued messages that are due later are
// due now; what is due already, other kinds and what was sent stay.
func pulledIn(t *testing.T, s vault.Store) {
	job := func(kind vault.JobKind, name string, due time.Time) vault.Job {
		return vault.Job{Kind: kind, Ref: ref(name), Due: due, Attempt: 3}
	}
	late, early := instant.Add(1000*time.Hour), instant.Add(-time.Hour)
	jobs := []vault.Job{job(vault.JobIssue, "a", late), job(vault.JobIssue, "b", early), job(vault.JobDeliver, "c", late), job(vault.JobSchedule, "d", late)}
	update(t, s, func(tx vault.Tx) error {
		for _, j := range jobs {
			if err := tx.PutJob(j); err != nil {
				return err
			}
		}
		for i, due := range []time.Time{late, early} {
			if err := tx.Append(vault.Message{ID: id(i + 1), Sink: "mail", Topic: "x", Ref: ref("a"), At: instant, Due: due, Body: []byte("{}")}); err != nil {
				return err
			}
		}
		return tx.PullIn(instant, vault.JobIssue, vault.JobDeliver)
	})
	for i, want := range []time.Time{instant, early, instant, late} {
		want := job(jobs[i].Kind, jobs[i].Ref.Name, want)
		same(t, "job", get(t, s, func(r vault.Reader) (vault.Job, error) { return r.Job(want.Kind, want.Ref) }), want)
	}
	queue := get(t, s, func(r vault.Reader) ([]vault.Message, error) { return r.Queue("mail", 9) })
	if len(queue) != 2 || !queue[0].Due.Equal(early) || !queue[1].Due.Equal(instant) {
		t.Errorf("queue %+v", queue)
	}
}
