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

// List prints things in the form that is asked for, ending with the first
// error. Only a table waits for the last of them: all others print as they come.
func List[T any](p *Printer, t Table[T], all iter.Seq2[T, error]) error {
	switch p.Form {
	case AsNames:
		return each(all, func(v T) error {
			_, err := fmt.Fprintln(p.Out, Plain(t.Name(v)))
			return err
		})
	case AsLines:
		return each(all, func(v T) error { return jsonLine(p.Out, v) })
	case AsJSON:
		return jsonArray(p.Out, all)
	case AsYAML:
		return yamlList(p.Out, all)
	}
	var rows []row
	err := each(all, func(v T) error {
		rows = append(rows, t.row(v))
		return nil
	})
	if err == nil && len(rows) == 0 {
		fmt.Fprintln(p.Talk, t.None)
		return nil
	}
	if len(rows) > 0 {
		heads := make(row, len(t.Columns))
		for i, c := range t.Columns {
			heads[i] = cell{text: c.Head}
		}
		if failed := p.table(slices.Insert(rows, 0, heads)); err == nil {
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

func each[T any](all iter.Seq2[T, error], do func(T) error) error {
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
