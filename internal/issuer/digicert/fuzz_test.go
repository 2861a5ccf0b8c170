package digicert

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"certwright/conformance/certcentral"
)

// FuzzAnswers reads whatever an authority may answer: no panic, and no wait, id
// or word made of nothing.
func FuzzAnswers(f *testing.F) {
	for _, text := range []string{
		`{"id":880002,"requests":[{"id":41,"status":"pending"}],"dcv_random_value":"a1b2"}`,
		`{"id":"880003","certificate_id":910003,"certificate_chain":[{"subject_common_name":"a","pem":"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"}]}`,
		`{"id":1,"status":"issued","certificate":{"id":2,"dns_names":[""]},"order_valid_till":"2027-11-22"}`,
		`{"orders":[{"id":1}],"page":{"total":1}}`, `{"orders":[{"order_id":1}]}`, `{"certificates":[{"id":null,"csr":"x"}]}`,
		`{"errors":[{"code":"not_found|order","message":"no"}]}`, `{"order_valid_till":7}`, `[]`, `{"id":{}}`, ``, `"`,
	} {
		f.Add([]byte(text))
	}
	o := newOrder(f, "www.example.test")
	i := &Issuer{Settings: Settings{}.withDefaults()}
	want, err := i.wanted(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &step{Issuer: i, order: o, want: want}
		var a placed
		if decode(body, &a) == nil && s.immediate(a) != nil && a.Certificate == 0 {
			t.Error("a chain without a certificate's id")
		}
		var info orderInfo
		if decode(body, &info) == nil {
			if (search{s}).ours(info) && !strings.Contains(string(body), o.ID) && len(info.Certificate.CSR) < 100 {
				t.Errorf("%s is taken for ours", body)
			}
			s.keepsNames(info)
			processorComment(info, "rejected")
		}
		var list orderList
		var others alternates
		var again reissues
		_, _, _ = decode(body, &list), decode(body, &others), decode(body, &again)
		if code, message := readRefusals(body); (code != "" || message != "") && !json.Valid(body) {
			t.Error("words out of no JSON")
		}
		_ = readReference(body)
		if n, err := readNotebook(body); err == nil {
			if n.Polls >= 0 && (n.ladder() < 15*time.Second || n.ladder() > time.Hour) {
				t.Errorf("%d looks, again after %v", n.Polls, n.ladder())
			}
		}
	})
}

// FuzzDownload reads whatever may be downloaded.
func FuzzDownload(f *testing.F) {
	fake, err := certcentral.New("k", func() time.Time { return began })
	if err != nil {
		f.Fatal(err)
	}
	root := fake.Root()
	for _, text := range []string{root, root + root, root[:len(root)/2], root + "-----BEGIN", strings.ReplaceAll(root, "CERTIFICATE", "PRIVATE KEY"), "", "<html>"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := readPEM(text)
		if err == nil && len(list) == 0 {
			t.Error("neither certificates nor an error")
		}
		chain, whole := (&step{}).sort(list)
		if whole || len(chain) != len(list) {
			t.Errorf("a chain of %d out of %d for no key", len(chain), len(list))
		}
	})
}
