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
	sent := box(t, s, vault.Queued, 0, 9)[1]
	sent.State = vault.Delivered
	update(t, s, func(tx vault.Tx) error { return tx.PutMessage(sent) })
	same(t, "queue after a delivery", queue(9), []string{late.ID})
}

// dropper returns a function that drops messages of the hook, delivered ones, and
// expects to have removed so many.
func dropper(t *testing.T, s vault.Store) func(before time.Time, n, want int) {
	return func(before time.Time, n, want int) {
		t.Helper()
		update(t, s, func(tx vault.Tx) error {
			got, err := tx.DropMessages(hook, vault.Delivered, before, n)
			if got != want {
				t.Errorf("%d rows dropped, want %d", got, want)
			}
			return err
		})
	}
}

// messagesDropped: DropMessages looks at the first n rows of a sink in a state, in
// order of Seq, and removes those of them that are older than a time.
func messagesDropped(t *testing.T, s vault.Store) {
	ages := []time.Duration{5, 1, 9, 2, 3} // since instant, in order of Seq
	update(t, s, func(tx vault.Tx) error {
		for n, age := range ages {
			other, queued, m := message(10+n), message(20+n), message(n)
			other.Sink, m.At = "", instant.Add(age)
			other.At, queued.At = time.Time{}, time.Time{} // older than all, of another sink and in another state
			if err := errors.Join(tx.Append(queued), tx.Append(other), tx.Append(m)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, m := range box(t, s, vault.Queued, 0, 20) {
		if m.At.IsZero() {
			continue
		}
		m.State = vault.Delivered
		update(t, s, func(tx vault.Tx) error { return tx.PutMessage(m) })
	}
	left := func(want ...time.Duration) {
		t.Helper()
		ages := []time.Duration{}
		for _, m := range box(t, s, vault.Delivered, 0, 9) {
			ages = append(ages, m.At.Sub(instant))
		}
		same(t, "left", ages, append([]time.Duration{}, want...))
	}
	drop := dropper(t, s)
	drop(instant.Add(99), 0, 0) // looks at none
	drop(instant.Add(1), 9, 0)  // one as old as the time stays
	drop(instant.Add(5), 1, 0)  // the first is not older, and it looks no further
	left(5, 1, 9, 2, 3)
	drop(instant.Add(5), 2, 1)
	left(5, 9, 2, 3)
	drop(instant.Add(5), 3, 1)
	left(5, 9, 3)
	drop(instant.Add(99), 2, 2)
	left(3)
	drop(instant.Add(99), 9, 1)
	left()
	drop(instant.Add(99), 9, 0)
	same(t, "in another state", len(box(t, s, vault.Queued, 0, 9)), len(ages))
	same(t, "of another sink", get(t, s, func(r vault.Reader) (int, error) { return r.Count("", vault.Delivered, 9) }), len(ages))
}

// messagesHastened: queued messages that are due later are due now; what is due
// already, and what was sent, stays.
func messagesHastened(t *testing.T, s vault.Store) {
	late, early := instant.Add(1000*time.Hour), instant.Add(-time.Hour)
	update(t, s, func(tx vault.Tx) error {
		for i, due := range []time.Time{late, early, late} {
			m := message(i)
			m.Due = due
			if err := tx.Append(m); err != nil {
				return err
			}
		}
		return nil
	})
	sent := box(t, s, vault.Queued, 0, 9)[2]
	sent.State = vault.Delivered
	update(t, s, func(tx vault.Tx) error { return errors.Join(tx.PutMessage(sent), tx.HastenMessages(instant)) })
	queue := get(t, s, func(r vault.Reader) ([]vault.Message, error) { return r.Queue(hook, 9) })
	if len(queue) != 2 || !queue[0].Due.Equal(early) || !queue[1].Due.Equal(instant) {
		t.Errorf("queue %+v", queue)
	}
	same(t, "what was sent", box(t, s, vault.Delivered, 0, 9), []vault.Message{sent})
}
