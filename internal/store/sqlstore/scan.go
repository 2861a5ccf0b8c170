package sqlstore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"certwright/internal/store/record"
	"certwright/internal/vault"
)

// scan puts a column's value where into points at. NULL is the zero value; an
// empty BLOB is not NULL.
func scan(into, v any) error {
	switch to := into.(type) {
	case *string:
		return scanText(to, v)
	case *vault.Kind:
		return scanText(to, v)
	case *vault.JobKind:
		return scanText(to, v)
	case *vault.KeyType:
		return scanText(to, v)
	case *vault.MessageState:
		return scanText(to, v)
	case *[]byte:
		return scanBytes(to, v)
	case *int64:
		return scanNumber(to, v)
	case *int:
		return scanNumber(to, v)
	case *bool:
		var n int64
		err := scanNumber(&n, v)
		*to = n != 0
		return err
	case sql.Scanner:
		return to.Scan(v)
	}
	return fmt.Errorf("%T cannot be read into", into)
}

func scanText[T ~string](to *T, v any) error {
	switch v := v.(type) {
	case string:
		*to = T(v)
	case []byte:
		*to = T(v)
	case nil:
		*to = ""
	default:
		return fmt.Errorf("a %T is no text", v)
	}
	return nil
}

// scanBytes keeps the driver's bytes, which it makes anew for every value.
func scanBytes(to *[]byte, v any) error {
	switch v := v.(type) {
	case []byte:
		if *to = v; v == nil {
			*to = []byte{}
		}
	case string:
		*to = []byte(v)
	case nil:
		*to = nil
	default:
		return fmt.Errorf("a %T is no bytes", v)
	}
	return nil
}

func scanNumber[T int | int64](to *T, v any) error {
	switch v := v.(type) {
	case int64:
		*to = T(v)
	case nil:
		*to = 0
	default:
		return fmt.Errorf("a %T is no number", v)
	}
	return nil
}

// Columns that hold a time, in whole seconds or in nanoseconds; NULL is the zero time.
type (
	inSeconds time.Time
	inNanos   time.Time
)

// Scan implements sql.Scanner.
func (t *inSeconds) Scan(v any) error {
	var n int64
	err := scanNumber(&n, v)
	if *t = (inSeconds{}); v != nil {
		*t = inSeconds(record.AtSeconds(&n))
	}
	return err
}

// Scan implements sql.Scanner.
func (t *inNanos) Scan(v any) error {
	var n int64
	err := scanNumber(&n, v)
	if *t = (inNanos{}); v != nil {
		*t = inNanos(record.AtInstant(n))
	}
	return err
}

// inJSON is a column of tags: a JSON object, or NULL for none.
type inJSON map[string]string

// Scan implements sql.Scanner.
func (t *inJSON) Scan(v any) error {
	*t = nil
	var text string
	if err := scanText(&text, v); err != nil || v == nil {
		return err
	}
	return json.Unmarshal([]byte(text), (*map[string]string)(t))
}
