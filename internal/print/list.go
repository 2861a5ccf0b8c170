package print

import (
	"fmt"
	"io"
	"iter"
	"slices"
)

// A Column of a table. Tone may be nil.
type Column[T any] struct {
	Head string
	Cell func(T) string // may hold texts of others
	Tone func(T) Tone
}

// A Table says how things of one kind are listed.
type Table[T any] struct {
	Columns []Column[T]
	Name    func(T) string // for -o name
	None    string         // is said where there is nothing
}

// A listing is a Table whose things may be of any kind, so that the code that
// prints is there once and not once for each.
type listing struct {
	heads row
	row   func(any) row
	name  func(any) string
	none  string
}

// List prints things in the form that is asked for, ending with the first
// error. Only a table waits for the last of them: all others print as they come.
func List[T any](p *Printer, t Table[T], all iter.Seq2[T, error]) error {
	l := listing{
		row:  func(v any) row { return t.row(v.(T)) },
		name: func(v any) string { return t.Name(v.(T)) },
		none: t.None,
	}
	for _, c := range t.Columns {
		l.heads = append(l.heads, cell{text: c.Head})
	}
	return p.list(l, func(yield func(any, error) bool) {
		for v, err := range all {
			if !yield(v, err) {
				return
			}
		}
	})
}

func (p *Printer) list(t listing, all elements) error {
	switch p.Form {
	case AsNames:
		return all.each(func(v any) error {
			_, err := fmt.Fprintln(p.Out, Plain(t.name(v)))
			return err
		})
	case AsLines:
		return all.each(func(v any) error { return jsonLine(p.Out, v) })
	case AsJSON:
		return jsonArray(p.Out, all)
	case AsYAML:
		return yamlList(p.Out, all)
	}
	return p.tabled(t, all)
}

// tabled prints those that came before an error, too.
func (p *Printer) tabled(t listing, all elements) error {
	var rows []row
	err := all.each(func(v any) error {
		rows = append(rows, t.row(v))
		return nil
	})
	if err == nil && len(rows) == 0 {
		fmt.Fprintln(p.Talk, t.none)
		return nil
	}
	if len(rows) > 0 {
		if failed := p.table(slices.Insert(rows, 0, t.heads)); err == nil {
			err = failed
		}
	}
	return err
}

// Slice goes through things that are all there already.
func Slice[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// One prints one thing: its name for -o name, for people what text writes.
func (p *Printer) One(v any, name string, text func(io.Writer) error) error {
	switch p.Form {
	case AsNames:
		_, err := fmt.Fprintln(p.Out, Plain(name))
		return err
	case AsLines:
		return jsonLine(p.Out, v)
	case AsJSON:
		return jsonWhole(p.Out, v)
	case AsYAML:
		return yamlWhole(p.Out, v)
	}
	return text(p.Out)
}

// Elements are gone through once, as they come.
type elements iter.Seq2[any, error]

func (all elements) each(do func(any) error) error {
	for v, err := range all {
		if err != nil {
			return err
		}
		if err := do(v); err != nil {
			return err
		}
	}
	return nil
}

func (t Table[T]) row(v T) row {
	r := make(row, len(t.Columns))
	for i, c := range t.Columns {
		r[i].text = Plain(c.Cell(v))
		if c.Tone != nil {
			r[i].tone = c.Tone(v)
		}
	}
	return r
}
