package sqlstore

import (
	"database/sql/driver"
	"fmt"
	"strings"
)

// A table is one whose rows are the same in every engine: what moves house.
type table struct {
	name    string
	key     []string // by which its rows are told apart and gone through
	columns []string // of text and numbers, those of key among them
	bytes   []string // of byte strings
	given   string   // the column whose numbers the engine gives out and never twice; "" for none
	leave   string   // a condition of rows that belong to one database; "" for none
}

// tables are all that a database holds but what is about itself: its identity,
// and the commits that may have to be looked up.
var tables = []table{
	{name: "objects", key: []string{"id"}, given: "id", bytes: []string{"raw", "mac"},
		columns: list("id vault kind key name shelf latest deleted_at purge_at status due job held token leased_until attempt rev body")},
	{name: "versions", key: list("vault key object id"), bytes: []string{"thumbprint", "mac"},
		columns: list("vault key object id enabled nbf exp created updated tags subject content_type key_type exportable body")},
	{name: "bodies", key: []string{"id"}, given: "id", columns: list("id body"), bytes: []string{"raw"}},
	{name: "purged", key: []string{"object"}, columns: list("object vault key")},
	{name: "issuers", key: list("vault key"), columns: list("vault key body"), bytes: []string{"mac"}},
	{name: "contacts", key: []string{"vault"}, columns: list("vault body"), bytes: []string{"mac"}},
	{name: "outbox", key: []string{"seq"}, given: "seq", columns: list("seq state topic vault kind name version at tries error id sink due"), bytes: []string{"body"}},
	{name: "accounts", key: []string{"id"}, columns: list("id rev"), bytes: []string{"body", "mac"}},
	{name: "settings", key: []string{"key"}, columns: list("key value"), bytes: []string{"mac"},
		leave: "key IN ('" + idSetting + "', '" + generationSetting + "', '" + minReaderSetting + "', 'product', 'storage.probe')"},
}

func list(names string) []string { return strings.Fields(names) }

func (t table) all() []string { return append(append([]string{}, t.columns...), t.bytes...) }

// read is the text that reads up to $n rows: the first ones, or those after a place.
func (t table) read(first bool) string {
	var where []string
	n := 1
	if !first {
		var place []string
		for range t.key {
			place = append(place, fmt.Sprintf("$%d", n))
			n++
		}
		where = append(where, fmt.Sprintf("(%s) > (%s)", strings.Join(t.key, ", "), strings.Join(place, ", ")))
	}
	if t.leave != "" {
		where = append(where, "NOT ("+t.leave+")")
	}
	text := "SELECT " + strings.Join(t.all(), ", ") + " FROM " + t.name
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return fmt.Sprintf("%s ORDER BY %s LIMIT $%d + 0", text, strings.Join(t.key, ", "), n)
}

// insert is the text that inserts so many rows.
func (t table) insert(rows int) string {
	width := len(t.all())
	values := make([]string, rows)
	for i := range values {
		one := make([]string, width)
		for j := range one {
			one[j] = fmt.Sprintf("$%d", i*width+j+1)
		}
		values[i] = "(" + strings.Join(one, ", ") + ")"
	}
	return "INSERT INTO " + t.name + " (" + strings.Join(t.all(), ", ") + ") VALUES " + strings.Join(values, ", ")
}

// place is that of a row which was read.
func (t table) place(row []driver.Value) (place []any) {
	for _, name := range t.key {
		for i, column := range t.columns {
			if column == name {
				place = append(place, row[i])
			}
		}
	}
	return place
}

// portable puts a row's values into the types that every engine has for them:
// SQLite keeps what it was given, whatever the column is for.
func (t table) portable(row []driver.Value) {
	for i, v := range row {
		switch v := v.(type) {
		case []byte:
			if i < len(t.columns) {
				row[i] = string(v)
			} else if v == nil { // of no bytes, and not NULL
				row[i] = []byte{}
			}
		case string:
			if i >= len(t.columns) {
				row[i] = []byte(v)
			}
		}
	}
}
