package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStrays(t *testing.T) {
	t.Parallel()
	type leaf struct {
		Name string `json:"name"`
	}
	type sent struct {
		Policy *struct {
			Subject *string `json:"subject"`
			Leaves  []leaf  `json:"leaves"`
		} `json:"policy"`
		Tags  Tags     `json:"tags"`
		Names []string `json:"names"`
		Plain int
		None  int `json:"-"`
	}
	type shown struct {
		ID     string `json:"id"`
		Policy struct {
			ID string `json:"id"`
		} `json:"policy"`
	}
	for body, want := range map[string][]string{
		`{"policy":{"subject":"a","leaves":[{"name":"b"}],"id":"c"},"tags":{"any":"d"},"names":["e"],"plain":1,"id":"f"}`: nil,
		`{"POLICY":{"Subject":"a"}}`: nil, // in any case, as encoding/json reads
		`{"subject":"a","policy":{"name":"b","leaves":[{"name":"c"},{"nmae":"d"}]},"none":1}`: {"none", "policy.leaves[1].nmae", "policy.name", "subject"},
		`{"policy":null,"names":{"x":1}}`: nil,
		`{"policy":[`:                     nil,
		`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1}`: {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"},
	} {
		if diff := cmp.Diff(want, Strays([]byte(body), &sent{}, shown{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", body, diff)
		}
	}
}
