package digicert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A number is an id. CertCentral writes most as JSON numbers and some as text.
type number int64

// UnmarshalJSON reads 12, "12", "" and null.
func (n *number) UnmarshalJSON(text []byte) error {
	plain := string(bytes.Trim(text, `"`))
	if plain == "" || plain == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(plain, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is not an id", text)
	}
	*n = number(v)
	return nil
}

type withID struct {
	ID number `json:"id"`
}

// A placing is the body of an order, and of a reissue. The API reads nothing
// from the CSR but the key (dev.digicert.com, "Order Basic OV").
type placing struct {
	Certificate   asked        `json:"certificate"`
	Organization  *plainID     `json:"organization,omitempty"`
	Container     *plainID     `json:"container,omitempty"`
	OrderValidity *validity    `json:"order_validity,omitempty"`
	DCVMethod     string       `json:"dcv_method,omitempty"`
	Payment       string       `json:"payment_method,omitempty"`
	SkipApproval  bool         `json:"skip_approval"`
	NoReminders   bool         `json:"disable_renewal_notifications,omitempty"`
	Comments      string       `json:"comments,omitempty"`
	Alternative   string       `json:"alternative_order_id,omitempty"`
	RenewalOf     int64        `json:"renewal_of_order_id,omitempty"`
	Product       *productHint `json:"product,omitempty"`
}

type asked struct {
	CommonName    string    `json:"common_name"`
	DNSNames      []string  `json:"dns_names,omitempty"`
	CSR           string    `json:"csr"`
	SignatureHash string    `json:"signature_hash"`
	Platform      plainID   `json:"server_platform"`
	Profile       string    `json:"profile_option,omitempty"`
	Validity      *validity `json:"cert_validity,omitempty"`
}

type plainID struct {
	ID int64 `json:"id"`
}

type validity struct {
	Years int `json:"years,omitempty"`
	Days  int `json:"days,omitempty"`
}

// A productHint tells private certificates apart (docs/issuers/digicert.md).
type productHint struct {
	TypeHint string `json:"type_hint"`
}

// placed is the answer to an order: with the chain where it was issued at once.
type placed struct {
	ID          number    `json:"id"`
	Certificate number    `json:"certificate_id"`
	Requests    []request `json:"requests"`
	Random      string    `json:"dcv_random_value"`
	Chain       []struct {
		PEM string `json:"pem"`
	} `json:"certificate_chain"`
}

// A request is one wish on an order that somebody may approve.
type request struct {
	ID        number `json:"id"`
	Type      string `json:"type"`
	Status    string `json:"status"`
	Comments  string `json:"comments"`
	Processor string `json:"processor_comment"`
}

// An orderInfo is an order as "Order info" shows it.
type orderInfo struct {
	ID          number `json:"id"`
	Status      string `json:"status"`
	Certificate struct {
		ID         number   `json:"id"`
		CommonName string   `json:"common_name"`
		DNSNames   []string `json:"dns_names"`
		CSR        string   `json:"csr"`
	} `json:"certificate"`
	Requests    []request `json:"requests"`
	Alternative string    `json:"alternative_order_id"`
	Comments    string    `json:"comments"`
	ValidTill   day       `json:"order_valid_till"`
}

// A day is a date that may carry a time of day behind it.
type day struct{ time.Time }

// UnmarshalJSON reads 2027-11-22 and 2027-11-22T...; anything else is no date.
func (d *day) UnmarshalJSON(text []byte) error {
	plain := strings.Trim(string(text), `"`)
	d.Time, _ = time.Parse(time.DateOnly, plain[:min(len(plain), 10)])
	return nil
}

// An orderList is a page of orders, without their comments.
type orderList struct {
	Orders []withID `json:"orders"`
	Page   struct {
		Total int `json:"total"`
	} `json:"page"`
}

// alternates are the orders of one alternative_order_id.
type alternates struct {
	Orders []struct {
		Order number `json:"order_id"`
	} `json:"orders"`
}

// reissues are the certificates that were reissued on an order.
type reissues struct {
	Certificates []reissued `json:"certificates"`
}

type reissued struct {
	ID     number `json:"id"`
	Status string `json:"status"`
	CSR    string `json:"csr"`
}

// refusals is the body of an error: {"errors":[{"code","message"}]}.
type refusals struct {
	Errors []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

// readRefusals returns what an error's body says; "" for a body that is not CertCentral's.
func readRefusals(body []byte) (code, message string) {
	var r refusals
	if json.Unmarshal(body, &r) != nil {
		return "", ""
	}
	var texts []string
	for _, e := range r.Errors {
		if code == "" {
			code = e.Code
		}
		if text := strings.TrimSpace(e.Message); text != "" {
			texts = append(texts, text)
		}
	}
	return code, strings.Join(texts, " ")
}
