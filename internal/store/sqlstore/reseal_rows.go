package sqlstore

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"maps"

	"certwright/internal/clock"
	"certwright/internal/store/record"
	"certwright/internal/vault"
)

// resealed counts the values of a page, and reports whether all are under the
// primary key.
func (r *reader) resealed(with Resealing, at resealing) (next resealing, idle bool, err error) {
	next, page, w, err := r.session.resealPage(at)
	if err != nil {
		return next, false, err
	}
	for _, row := range page {
		if !r.session.mayReseal(w.what, row) {
			continue
		}
		if numberOf(row.mac) != with.Primary {
			return next, false, nil
		}
		read, err := rowOf(r.session, w.what, row.values)
		if err != nil {
			continue // certwright check tells of it
		}
		for _, v := range sealsOf(read) {
			number, ok := with.KeyOf(*v.Value)
			if ok && number != with.Primary {
				return next, false, nil
			}
			next.Values[number]++
		}
	}
	return next, true, nil
}

// resealPage reads the page after a place, and returns the place after it.
func (s *session) resealPage(at resealing) (next resealing, page []walked, w walk, err error) {
	w, next = walks[at.table], at
	if next.after == nil {
		next.after = w.from
	}
	next.Values = maps.Clone(at.Values)
	if page, err = w.page(s, next.after, resealPage); err != nil {
		return next, nil, w, fmt.Errorf("read %ss: %w", w.what, err)
	}
	if len(page) < resealPage {
		next.table, next.after = at.table+1, nil
	} else {
		next.after = page[len(page)-1].place
	}
	return next, page, w, nil
}

// mayReseal reports whether a row is whole and this server's own: one that was
// altered gets no seal that says otherwise.
func (s *session) mayReseal(what string, row walked) bool {
	if what == isVersion && (row.values[1] == nil || row.values[15] == nil) {
		return false
	}
	return s.proved(what, row.mac, nil, row.values)
}

// resealSome seals a page anew, or as much of it as a slice of time allows.
func (t *tx) resealSome(with Resealing, at resealing) (resealing, error) {
	began := clock.Real{}.Now()
	next, page, w, err := t.session.resealPage(at)
	if err != nil {
		return at, err
	}
	for i, row := range page {
		if t.session.mayReseal(w.what, row) {
			if err := t.resealRow(with, w, row, &next.Pass); err != nil {
				return at, err
			}
		}
		if i+1 < len(page) && (clock.Real{}).Now().Sub(began) > resealSlice {
			next.table, next.after = at.table, row.place
			break
		}
	}
	return next, nil
}

// resealRow seals the values of one row anew, and the row itself.
func (t *tx) resealRow(with Resealing, w walk, row walked, p *Pass) error {
	read, err := rowOf(t.session, w.what, row.values)
	if err != nil {
		return nil // certwright check tells of it
	}
	changed := false
	for _, v := range sealsOf(read) {
		number, ok := with.KeyOf(*v.Value)
		if ok && number != with.Primary {
			anew, err := with.Reseal(*v.Value, v.Binding)
			if err == nil {
				*v.Value, number, changed = anew, with.Primary, true
				p.Moved++
			} else if with.Damage != nil {
				with.Damage(nameOf(w.what, row.values), v.Part)
			}
		}
		p.Values[number]++
	}
	if changed {
		return t.putSealed(w, row, read)
	}
	if numberOf(row.mac) == with.Primary {
		return nil
	}
	p.Moved++
	_, err = t.exec(w.what, w.write, append(row.place, t.session.macOf(w.what, nil, row.values), row.was())...)
	return err
}

const (
	sqlResealObject  = `UPDATE objects SET body = $2, raw = $3, mac = $4 WHERE id = $1 AND mac IS NOT DISTINCT FROM $5`
	sqlResealBody    = `UPDATE bodies SET body = $5, raw = $6 WHERE id IN (SELECT body FROM versions WHERE vault = $1 AND key = $2 AND object = $3 AND id = $4)`
	sqlResealIssuer  = `UPDATE issuers SET body = $3, mac = $4 WHERE vault = $1 AND key = $2 AND mac IS NOT DISTINCT FROM $5`
	sqlResealAccount = `UPDATE accounts SET body = $2, mac = $3 WHERE id = $1 AND mac IS NOT DISTINCT FROM $4`
)

// putSealed writes a row whose sealed values are others. Revisions stay: what it
// says is the same, and whoever works on it need not begin anew. What another
// server wrote since it was read stays; the next pass finds it.
func (t *tx) putSealed(w walk, row walked, read any) (err error) {
	values := append([]driver.Value{}, row.values...)
	mac := func() []byte { return t.session.macOf(w.what, nil, values) }
	switch read := read.(type) {
	case *vault.Object:
		body, raw := record.Object(read)
		values[13], values[14] = body, raw
		_, err = t.exec(w.what, sqlResealObject, row.place[0], body, raw, mac(), row.was())
	case *vault.Version:
		body, raw := record.Version(*read)
		values[15], values[16] = body, raw
		var changed int64
		if changed, err = t.exec(w.what, w.write, append(row.place, mac(), row.was())...); err == nil && changed > 0 {
			_, err = t.exec("body", sqlResealBody, append(row.place, body, raw)...)
		}
	case *vault.IssuerConfig:
		body := record.Issuer(*read)
		values[2] = body
		_, err = t.exec(w.what, sqlResealIssuer, append(row.place, body, mac(), row.was())...)
	case *vault.Account:
		values[1] = []byte(read.Body)
		_, err = t.exec(w.what, sqlResealAccount, read.ID, []byte(read.Body), mac(), row.was())
	}
	return err
}

// sealsOf are the sealed values of what rowOf returns.
func sealsOf(read any) []vault.SealedValue {
	if s, is := read.(interface{ Seals() []vault.SealedValue }); is {
		return s.Seals()
	}
	return nil
}

// numberOf is the number of the key in a MAC; 0 if there is none.
func numberOf(mac []byte) uint32 {
	if len(mac) < macNumber {
		return 0
	}
	return binary.BigEndian.Uint32(mac)
}
