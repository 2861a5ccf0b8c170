package pages

import "strings"

// Refusals are why something was not done with some of many: each sentence once.
type Refusals struct {
	All   int      // how many
	said  []string // in their order
	names map[string][]string
}

// Add adds one by its name.
func (f *Refusals) Add(name, why string) {
	if f.names == nil {
		f.names = map[string][]string{}
	}
	if len(f.names[why]) == 0 {
		f.said = append(f.said, why)
	}
	f.names[why] = append(f.names[why], name)
	f.All++
}

// Words say each sentence with the names after it.
func (f *Refusals) Words() string {
	var all []string
	for _, why := range f.said {
		all = append(all, strings.TrimSuffix(why, ".")+": "+strings.Join(f.names[why], ", ")+".")
	}
	return strings.Join(all, " ")
}
