package print

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// encode is JSON as people read it too: <, > and & stay as they are.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return b.Bytes(), nil
}

func jsonLine(w io.Writer, v any) error  { return written(w, v, "") }
func jsonWhole(w io.Writer, v any) error { return written(w, v, "  ") }

func written(w io.Writer, v any, indent string) error {
	text, err := encode(v, indent)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// jsonArray prints one array, an element a line, as they come.
func jsonArray(w io.Writer, all elements) error {
	before := "[\n"
	err := all.each(func(v any) error {
		text, err := encode(v, "")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s  %s", before, bytes.TrimSuffix(text, []byte("\n")))
		before = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	end := "\n]\n"
	if before == "[\n" {
		end = "[]\n"
	}
	_, err = io.WriteString(w, end)
	return err
}
