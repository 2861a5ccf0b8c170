package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// members returns the private JSON web key of a key.
func members(t testing.TB, p vault.KeyProps) Members {
	t.Helper()
	k := key(t, p)
	pub, err := ParsePublic(k.PKIX())
	must.Do(t, err)
	m := pub.Members()
	switch s := k.Signer().(type) {
	case *rsa.PrivateKey:
		c := s.Precomputed
		m.D, m.P, m.Q = s.D.Bytes(), s.Primes[0].Bytes(), s.Primes[1].Bytes()
		m.DP, m.DQ, m.QI = c.Dp.Bytes(), c.Dq.Bytes(), c.Qinv.Bytes()
	case *ecdsa.PrivateKey:
		m.D, err = s.Bytes()
		must.Do(t, err)
	default:
		m.D = koblitzScalar(t, k)
	}
	return m
}

// koblitzScalar finds the private number of a P-256K key at its place in PKCS#8:
// 30 len 020100 ... 0420 d.
func koblitzScalar(t testing.TB, k Key) []byte {
	t.Helper()
	der, err := k.PKCS8()
	must.Do(t, err)
	i := bytes.Index(der, []byte{2, 1, 1, 4, 32})
	if i < 0 {
		t.Fatal("the PKCS#8 looks different now")
	}
	return der[i+5:][:32]
}

var asymmetric = kinds[:5]

// An imported key is the same key: Parse reads it, it signs and the original verifies.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, kind := range asymmetric {
		for name, change := range map[string]func(*Members){
			"as it is":      func(*Members) {},
			"HSM type":      func(m *Members) { m.Type += "-HSM" },
			"leading zeros": func(m *Members) { m.D, m.X, m.N = zeros(m.D), zeros(m.X), zeros(m.N) },
			"no CRT":        func(m *Members) { m.DP, m.DQ, m.QI = nil, nil, nil },
			"no primes":     func(m *Members) { m.P, m.Q, m.DP, m.DQ, m.QI = nil, nil, nil, nil, nil },
			"primes swapped": func(m *Members) {
				m.P, m.Q, m.DP, m.DQ, m.QI = m.Q, m.P, nil, nil, nil
			},
		} {
			m := members(t, kind)
			change(&m)
			got, err := Import(m)
			if err != nil {
				t.Errorf("%s, %s: %v", kindName(kind), name, err)
				continue
			}
			original := key(t, kind)
			if got.Type != kind.Type || got.Curve != original.Curve() || got.Size != original.Size() || !bytes.Equal(got.Public, original.PKIX()) {
				t.Errorf("%s, %s: got %s %s %d", kindName(kind), name, got.Type, got.Curve, got.Size)
			}
			checkSame(t, got, original)
		}
	}
}

func zeros(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{0, 0}, b...)
}

func checkSame(t *testing.T, got Stored, original Key) {
	t.Helper()
	private, err := Parse(got.Private)
	must.Do(t, err)
	public, err := ParsePublic(original.PKIX())
	must.Do(t, err)
	alg := algorithmsOf(private.Public, vault.OpSign)[0]
	a, err := find(alg, vault.OpSign)
	must.Do(t, err)
	sig, err := private.Sign(alg, hashed(a.hash, "hello"))
	must.Do(t, err)
	if ok, err := public.Verify(alg, hashed(a.hash, "hello"), sig); !ok || err != nil {
		t.Errorf("%s by the imported key: %v, %v", alg, ok, err)
	}
}

func TestImportOct(t *testing.T) {
	t.Parallel()
	k := random(24)
	for _, kind := range []vault.KeyType{vault.Oct, vault.OctHSM} {
		got, err := Import(Members{Type: kind, K: k})
		if err != nil || got.Type != vault.Oct || got.Size != 192 || got.Public != nil || !bytes.Equal(got.Private, k) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// The key that the Go SDK's test brings to the service (go-keys/TestImportKey~KV).
func TestRecordedImport(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/recorded_import.json")
	must.Do(t, err)
	var j map[string]any
	must.Do(t, json.Unmarshal(text, &j))
	field := func(name string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(fmt.Sprint(j[name]))
		must.Do(t, err)
		return b
	}
	m := Members{Type: vault.RSA, N: field("n"), E: field("e"), D: field("d"), P: field("p"), Q: field("q"), DP: field("dp"), DQ: field("dq"), QI: field("qi")}
	got, err := Import(m)
	must.Do(t, err)
	p, err := ParsePublic(got.Public)
	must.Do(t, err)
	if out := p.Members(); got.Size != 2048 || !bytes.Equal(out.N, m.N) || !bytes.Equal(out.E, []byte{1, 0, 1}) {
		t.Errorf("got %d bits, n %x", got.Size, out.N)
	}
}

// A d that was cut short is made anew from the primes (recorded by the SDK for
// C++, whose RSA key has a crv besides).
func TestImportOfCutExponent(t *testing.T) {
	t.Parallel()
	m := members(t, asymmetric[0])
	m.D, m.Curve = m.D[:73], vault.P521
	got, err := Import(m)
	must.Do(t, err)
	if got.Spelling.Curve != vault.P521 || got.Type != vault.RSA || got.Curve != "" {
		t.Errorf("%s %q, spelled %q", got.Type, got.Curve, got.Spelling.Curve)
	}
	checkSame(t, got, key(t, asymmetric[0]))
}

// What the public members looked like is kept where it is not as Members gives them.
func TestSpelling(t *testing.T) {
	t.Parallel()
	for _, kind := range asymmetric {
		m := members(t, kind)
		got, err := Import(m)
		must.Do(t, err)
		if !got.Spelling.IsZero() {
			t.Errorf("%s as usual is kept as %x", kindName(kind), got.Spelling)
		}
		plain := m
		m.N, m.E, m.X, m.Y = zeros(m.N), zeros(m.E), zeros(m.X), zeros(m.Y)
		got, err = Import(m)
		must.Do(t, err)
		if want := (vault.KeySpelling{N: m.N, E: m.E, X: m.X, Y: m.Y}); !reflect.DeepEqual(got.Spelling, want) {
			t.Errorf("%s with leading zeros is kept as %x, want %x", kindName(kind), got.Spelling, want)
		}
		checkSame(t, got, key(t, kind))
		if kind.Curve == vault.P256K {
			plain.Curve = vault.Koblitz
			got, err = Import(plain)
			must.Do(t, err)
			if got.Curve != vault.P256K || got.Spelling.Curve != vault.Koblitz {
				t.Errorf("SECP256K1 is %q, spelled %q", got.Curve, got.Spelling.Curve)
			}
		}
	}
}

func flip(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)-1] ^= 2
	return b
}

// Every contradiction in a key is refused, and so is what the API has not.
func TestImportOfWhatIsNoKey(t *testing.T) {
	t.Parallel()
	rsaKey, p256, p256k := members(t, asymmetric[0]), members(t, asymmetric[1]), members(t, asymmetric[4])
	other := members(t, asymmetric[2])
	badRSA, badEC := vault.BadKeyMaterial(vault.RSA), vault.BadKeyMaterial(vault.EC)
	for name, c := range map[string]struct {
		m      Members
		change func(*Members)
		want   *vault.Error
	}{
		"no type":            {Members{}, nil, vault.BadJWK()},
		"other type":         {Members{Type: "OKP"}, nil, vault.KeyTypeNotSupported("OKP")},
		"type in lower case": {rsaKey, func(m *Members) { m.Type = "rsa" }, vault.KeyTypeNotSupported("rsa")},
		"no n":               {rsaKey, func(m *Members) { m.N = nil }, vault.BadJWK()},
		"no e":               {rsaKey, func(m *Members) { m.E = nil }, vault.BadJWK()},
		"no d":               {rsaKey, func(m *Members) { m.D = nil }, vault.BadJWK()},
		"one prime":          {rsaKey, func(m *Members) { m.Q = nil }, vault.BadJWK()},
		"small n":            {rsaKey, func(m *Members) { m.N = m.P }, vault.BadKeySize(1024, 2048, 3072, 4096)},
		"huge n":             {rsaKey, func(m *Members) { m.N = bytes.Repeat([]byte{0xff}, 1024) }, vault.BadKeySize(8192, 2048, 3072, 4096)},
		"other n":            {rsaKey, func(m *Members) { m.N = flip(m.N) }, badRSA},
		"other d":            {rsaKey, func(m *Members) { m.D = flip(m.D) }, badRSA},
		"cut d, no qi":       {rsaKey, func(m *Members) { m.D, m.QI = m.D[:73], nil }, badRSA},
		"cut d, other dp":    {rsaKey, func(m *Members) { m.D, m.DP = m.D[:73], flip(m.DP) }, badRSA},
		"cut d, p one":       {rsaKey, func(m *Members) { m.D, m.P, m.Q = m.D[:73], []byte{1}, m.N }, badRSA},
		"n too long":         {rsaKey, func(m *Members) { m.N = append(make([]byte, 1024), m.N...) }, vault.BadJWK()},
		"x too long":         {p256, func(m *Members) { m.X = append(make([]byte, 1024), m.X...) }, vault.BadJWK()},
		"other d, no primes": {rsaKey, func(m *Members) { m.D, m.P, m.Q = flip(m.D), nil, nil }, badRSA},
		"other n, no primes": {rsaKey, func(m *Members) { m.N, m.P, m.Q = flip(m.N), nil, nil }, badRSA},
		"d zero":             {rsaKey, func(m *Members) { m.D = []byte{0} }, badRSA},
		"d over n":           {rsaKey, func(m *Members) { m.D = append([]byte{1}, m.N...) }, badRSA},
		"e even":             {rsaKey, func(m *Members) { m.E = []byte{1, 0, 0} }, badRSA},
		"e one":              {rsaKey, func(m *Members) { m.E = []byte{1} }, badRSA},
		"e zero":             {rsaKey, func(m *Members) { m.E = []byte{0} }, badRSA},
		"e huge":             {rsaKey, func(m *Members) { m.E = []byte{1, 0, 0, 0, 1} }, badRSA},
		"e other":            {rsaKey, func(m *Members) { m.E = []byte{3} }, badRSA},
		"p one":              {rsaKey, func(m *Members) { m.P, m.Q = []byte{1}, m.N }, badRSA},
		"p twice":            {rsaKey, func(m *Members) { m.Q = m.P }, badRSA},
		"other dp":           {rsaKey, func(m *Members) { m.DP = flip(m.DP) }, badRSA},
		"other dq":           {rsaKey, func(m *Members) { m.DQ = flip(m.DQ) }, badRSA},
		"other qi":           {rsaKey, func(m *Members) { m.QI = flip(m.QI) }, badRSA},
		"no crv":             {p256, func(m *Members) { m.Curve = "" }, vault.CurveNotSupported("")},
		"other crv":          {p256, func(m *Members) { m.Curve = "secp256r1" }, vault.CurveNotSupported("secp256r1")},
		"crv of another":     {p256, func(m *Members) { m.Curve = vault.P256K }, badEC},
		"crv too small":      {other, func(m *Members) { m.Curve = vault.P256 }, badEC},
		"EC without d":       {p256, func(m *Members) { m.D = nil }, vault.BadJWK()},
		"no x":               {p256, func(m *Members) { m.X = nil }, vault.BadJWK()},
		"no y":               {p256, func(m *Members) { m.Y = nil }, vault.BadJWK()},
		"other x":            {p256, func(m *Members) { m.X = flip(m.X) }, badEC},
		"other y":            {p256, func(m *Members) { m.Y = flip(m.Y) }, badEC},
		"x and y swapped":    {p256, func(m *Members) { m.X, m.Y = m.Y, m.X }, badEC},
		"EC other d":         {p256, func(m *Members) { m.D = flip(m.D) }, badEC},
		"EC d zero":          {p256, func(m *Members) { m.D = make([]byte, 32) }, badEC},
		"EC d over n":        {p256, func(m *Members) { m.D = bytes.Repeat([]byte{0xff}, 32) }, badEC},
		"EC d too long":      {p256, func(m *Members) { m.D = append([]byte{1}, m.D...) }, badEC},
		"P-256K other d":     {p256k, func(m *Members) { m.D = flip(m.D) }, badEC},
		"P-256K d zero":      {p256k, func(m *Members) { m.D = []byte{0} }, badEC},
		"P-256K d over n":    {p256k, func(m *Members) { m.D = secp256k1.S256().N.Bytes() }, badEC},
		"P-256K other y":     {p256k, func(m *Members) { m.Y = flip(m.Y) }, badEC},
		"oct without k":      {Members{Type: vault.Oct}, nil, vault.BadJWK()},
		"oct of 100 bits":    {Members{Type: vault.OctHSM, K: make([]byte, 13)}, nil, vault.BadKeySize(104, 128, 192, 256)},
	} {
		m := c.m
		if c.change != nil {
			c.change(&m)
		}
		got, err := Import(m)
		if err == nil || got.Private != nil {
			t.Errorf("%s: was imported", name)
			continue
		}
		if err.Error() != c.want.Error() {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		says(t, err, c.want)
	}
}

// A number that is no prime is found out, though all the congruences hold.
func TestImportOfFalsePrimes(t *testing.T) {
	t.Parallel()
	// q is made of two primes; d undoes e modulo p-1 and q-1, as a check of the congruences would have it.
	p := number(members(t, asymmetric[0]).P)
	for range 50 {
		a, b := oddNumber(512), oddNumber(512)
		q := new(big.Int).Mul(a, b)
		n := new(big.Int).Mul(p, q)
		if q.BitLen() != 1024 || n.BitLen() != 2048 {
			continue
		}
		one := big.NewInt(1)
		p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
		d := new(big.Int).ModInverse(big.NewInt(65537), new(big.Int).Mul(p1, q1))
		if d == nil {
			continue
		}
		_, err := Import(Members{Type: vault.RSA, N: n.Bytes(), E: []byte{1, 0, 1}, D: d.Bytes(), P: p.Bytes(), Q: q.Bytes()})
		says(t, err, vault.BadKeyMaterial(vault.RSA))
		return
	}
	t.Fatal("no such key was found")
}

// Numbers that trip up modular arithmetic are refused like any other.
func TestImportOfOddities(t *testing.T) {
	t.Parallel()
	one := big.NewInt(1)
	power := new(big.Int).Lsh(one, 1023)
	ones := new(big.Int).Sub(new(big.Int).Lsh(one, 1024), one)
	top := new(big.Int).Sub(new(big.Int).Lsh(one, 1024), big.NewInt(2))
	for name, pair := range map[string][2]*big.Int{"even": {top, ones}, "even twice": {top, new(big.Int).Sub(top, big.NewInt(2))}, "ones": {ones, top}, "power of two": {power, ones}} {
		n := new(big.Int).Mul(pair[0], pair[1])
		for _, d := range []*big.Int{one, power, new(big.Int).Sub(n, one)} {
			m := Members{Type: vault.RSA, N: n.Bytes(), E: []byte{1, 0, 1}, D: d.Bytes(), P: pair[0].Bytes(), Q: pair[1].Bytes()}
			if got, err := Import(m); err == nil {
				t.Errorf("%s: imported %s", name, got)
			}
			m.P, m.Q = nil, nil
			if got, err := Import(m); err == nil {
				t.Errorf("%s without primes: imported %s", name, got)
			}
		}
	}
}

func oddNumber(bits int) *big.Int {
	b := random(bits / 8)
	b[0] |= 0xc0
	b[len(b)-1] |= 1
	return new(big.Int).SetBytes(b)
}

func TestImportsAreHidden(t *testing.T) {
	t.Parallel()
	m := members(t, asymmetric[1])
	k, err := Import(m)
	must.Do(t, err)
	for _, s := range []string{fmt.Sprint(m, k), fmt.Sprintf("%#v %#v", m, k), fmt.Sprintf("%+v %+v", m, k), m.LogValue().String() + " " + k.LogValue().String()} {
		if s != "[key] [key]" {
			t.Errorf("prints as %s", s)
		}
	}
}

// The factors come back from n, e and d for many keys, whichever way the primes fall.
func TestFactor(t *testing.T) {
	t.Parallel()
	for range 20 {
		k, err := rsa.GenerateKey(nil, 1024)
		must.Do(t, err)
		p, q, ok := factor(k.N, big.NewInt(int64(k.E)), k.D)
		if !ok || new(big.Int).Mul(p, q).Cmp(k.N) != 0 || p.Cmp(q) <= 0 {
			t.Error("the primes were not found")
		}
	}
	if _, _, ok := factor(big.NewInt(35), big.NewInt(2), big.NewInt(3)); ok {
		t.Error("factors without an inverse")
	}
}
