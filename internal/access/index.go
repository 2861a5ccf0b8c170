package access

import (
	"slices"
	"strings"

	"certwright/internal/vault"
)

// A grant is one assignment or policy in the form that decisions read.
type grant struct {
	rights rights
	scope  scope
	app    string // only users through this application; "": whoever it is to
	reason string // what the audit says of it
}

// An index finds the grants of a caller by who vouches for it. There is one for
// each vault, with all that reaches into it, and one for the server itself.
type index map[string]*principals

// principals are the grants of one issuer's subjects, groups and roles.
type principals struct{ subjects, groups, roles, clients book }

// A book finds grants by the name of whom they are to. Most names of a caller
// with hundreds of groups are in none; marks says so without a look for each.
type book struct {
	grants map[string][]grant
	marks  [256]bool // by markOf
}

func markOf(name string) byte { return name[0]<<4 ^ name[len(name)-1] }

// mayHave reports whether it is worth a look for a name.
func (b *book) mayHave(name string) bool { return name != "" && b.marks[markOf(name)] }

// add puts a grant under a name. A GUID is found in lower and in upper case;
// other names are what they are, by case too.
func (b *book) add(name string, g grant) {
	spellings := []string{name}
	if isGUID(name) {
		spellings = []string{strings.ToLower(name), strings.ToUpper(name)}
	}
	for _, s := range slices.Compact(spellings) {
		if b.grants == nil {
			b.grants = map[string][]grant{}
		}
		b.grants[s] = append(b.grants[s], g)
		b.marks[markOf(s)] = true
	}
}

func isGUID(name string) bool {
	return len(name) == 36 && name[8] == '-' && name[13] == '-' && name[18] == '-' && name[23] == '-'
}

// add puts a grant where whom it is to is found.
func (x index) add(to Principal, g grant) {
	issuer := to.Issuer
	if to.Client != "" {
		issuer = vault.ClientIssuer
	}
	p := x[issuer]
	if p == nil {
		p = &principals{}
		x[issuer] = p
	}
	for _, in := range []struct {
		book *book
		name string
	}{{&p.subjects, to.Subject}, {&p.groups, to.Group}, {&p.roles, to.Role}, {&p.clients, to.Client}} {
		if in.name != "" {
			in.book.add(in.name, g)
		}
	}
}

// find returns the first grant that gives a caller any of the rights on a place.
// Where only a user would be given them, through the application that calls,
// needsUser says so.
func (x index) find(who *vault.Caller, need rights, on vault.Ref) (found *grant, needsUser bool) {
	p := x[who.Issuer]
	if p == nil {
		return nil, false
	}
	s := search{who: who, need: need, on: on}
	s.in(&p.subjects, who.Subject)
	if who.Issuer == vault.ClientIssuer {
		s.in(&p.clients, who.Subject)
		s.in(&p.clients, who.Name)
	}
	for _, name := range who.Groups {
		if p.groups.mayHave(name) {
			s.in(&p.groups, name)
		}
	}
	for _, name := range who.Roles {
		s.in(&p.roles, name)
	}
	return s.found, s.needsUser
}

// A search is one look for a grant.
type search struct {
	who       *vault.Caller
	need      rights
	on        vault.Ref
	found     *grant
	needsUser bool
}

// in looks among the grants of one name, unless one was found.
func (s *search) in(b *book, name string) {
	if s.found == nil && b.mayHave(name) {
		s.among(b.grants[name])
	}
}

func (s *search) among(grants []grant) {
	for i := range grants {
		switch g := &grants[i]; {
		case !g.rights.meets(s.need) || !g.scope.covers(s.on):
		case g.app == "":
			s.found = g
			return
		case !strings.EqualFold(g.app, s.who.App):
		case s.who.Type != vault.UserCaller:
			s.needsUser = true
		default:
			s.found = g
			return
		}
	}
}
