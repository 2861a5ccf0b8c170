package usage_test

import (
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/usage"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// A garden is a program with a bit of everything.
type garden struct {
	Dig   dig `cmd:"" help:"Dig a bed."`
	Water struct {
		Rose water `cmd:"" help:"Water by a rose."`
		Can  water `cmd:"" help:"Water by a can." aliases:"pot"`
	} `cmd:"" help:"Water beds."`
	Around struct {
		Rows    int      `help:"Rows."`
		Command []string `arg:"" passthrough:"" help:"The command."`
	} `cmd:"" help:"Run something."`
}

type dig struct {
	Depth time.Duration `help:"How long." env:"CERTWRIGHT_DEPTH" placeholder:"TIME"`
	Soil  string        `help:"The soil." enum:"clay,sand" default:"clay"`
	Deep  bool          `help:"Deep." negatable:""`
	Short string        `short:"s" help:"A short one."`
	Bed   string        `arg:"" help:"The bed's name."`
	More  []string      `arg:"" optional:"" help:"More beds."`
}

type water struct {
	Vault string `help:"Which." placeholder:"NAME"`
	Litre int    `required:"" help:"How much." placeholder:"N"`
}

func (dig) Run() error   { return nil }
func (water) Run() error { return nil }

func model(t *testing.T) *kong.Kong {
	t.Helper()
	k, err := kong.New(&garden{}, kong.Name("garden"), kong.Exit(func(int) {}))
	must.Do(t, err)
	return k
}

// Each command line that the parser refuses is told with a way out.
func TestExplain(t *testing.T) {
	t.Parallel()
	for line, args := range map[string][]string{
		"garden wants one of its commands\nhint: garden --help lists the commands":                                                                                 {},
		"unknown command dgi\nhint: did you mean garden dig?":                                                                                                      {"dgi"},
		"unknown command water pto\nhint: did you mean garden water pot?":                                                                                          {"water", "pto"},
		"unknown command water hose\nhint: garden water can has a rose":                                                                                            {"water", "hose"},
		"unknown command hose\nhint: garden --help lists the commands":                                                                                             {"hose"},
		"unknown flag --deeper=3s\nhint: garden dig --depth 3s digs":                                                                                               {"dig", "--deeper=3s"},
		"unknown flag --deeper\nhint: garden water rose --help lists its arguments and flags":                                                                      {"water", "rose", "--deeper"},
		"unknown flag --name\nhint: garden water can --help lists its arguments and flags":                                                                         {"water", "can", "--name", "x"},
		"unknown flag --name\nhint: garden dig NAME is of it":                                                                                                      {"dig", "--name", "x"},
		"unknown command a b\nhint: garden --help lists the commands":                                                                                              {"a\x1bb"},
		"water wants one of its commands\nhint: type one of these\n  garden water rose --litre=N  Water by a rose.\n  garden water can --litre=N  Water by a can.": {"water"},
		"water rose wants --litre=N\nhint: garden water rose --litre=N":                                                                                            {"water", "rose"},
		"water rose takes no argument a\nhint: garden water rose --vault a, if a vault is meant; garden water rose --help lists its flags":                         {"water", "rose", "a"},
		"water rose takes no argument a/b\nhint: garden water rose --litre=N; a name with spaces in it stands in quotes":                                           {"water", "rose", "a/b"},
		"dig wants <bed>: the bed's name\nhint: garden dig <bed> [<more> ...]":                                                                                     {"dig"},
		"unknown flag --dephts=3\nhint: did you mean --depth=3?":                                                                                                   {"dig", "--dephts=3"},
		"unknown flag -depth\nhint: write two dashes: --depth":                                                                                                     {"dig", "-depth", "3s", "x"},
		"unknown flag --rows\nhint: garden around has that flag; garden dig --help lists those of this command":                                                    {"dig", "x", "--rows", "3"},
		"unknown flag --litre\nhint: garden water rose or garden water can have that flag; garden dig --help lists those of this command":                          {"dig", "x", "--litre", "3"},
		"unknown flag --xyz\nhint: garden dig --help lists its arguments and flags":                                                                                {"dig", "--xyz"},
		"unknown flag --depth\nhint: flags follow the command, as in certwright dev --data DIR; certwright --help lists the commands":                              {"--depth", "3s", "dig", "x"},
		"--depth wants a value: How long\nhint: write a number with its unit, as in --depth 30s, 10m or 24h":                                                       {"dig", "x", "--depth"},
		"--short wants a value: a short one\nhint: garden dig --short STRING":                                                                                      {"dig", "x", "-s"},
		"--depth: expected duration but got \"3\": time: missing unit in duration \"3\"\nhint: write a number with its unit, as in --depth 30s, 10m or 24h":        {"dig", "x", "--depth=3"},
		"--soil must be one of \"clay\",\"sand\" but got \"peat\"\nhint: use --soil with clay or sand":                                                             {"dig", "x", "--soil", "peat"},
		"--litre: expected a valid 64 bit int but got \"much\"\nhint: write a whole number, as in --litre 30":                                                      {"water", "can", "--litre", "much"},
		"--deep: bool value must be true, 1, yes, false, 0 or no but got \"much\"\nhint: write --deep alone, or --deep=false":                                      {"dig", "--deep=much", "--no-deep", "-sx", "a", "b", "c"},
	} {
		guesses := usage.Guesses{"water hose": {"water can", "has a rose"}, "* --deeper": {"* --depth 3s", "digs"}, "* --name": {"* NAME", "is of it"}}
		k := model(t)
		_, err := k.Parse(args)
		if err == nil {
			t.Errorf("%q was taken", args)
			continue
		}
		if diff := cmp.Diff(line, usage.Explain(k.Model, args, err, guesses).Error()); diff != "" {
			t.Errorf("%q: -want +got:\n%s", args, diff)
		}
	}
}

// Variables that look like the program's and are none are told of, and no others.
func TestUnknown(t *testing.T) {
	t.Parallel()
	var got []string
	for _, err := range usage.Unknown(model(t).Model, []string{"CERTWRIGHT_DETPH=x", "CERTWRIGHT_DEPTH=1", "CERTWRIGHT_OTHER=1", "CERTWRIGHT_TEST_A=1", "HOME=x", "CERTWRIGHT_ABCDEFG"}, "CERTWRIGHT_OTHER", "CERTWRIGHT_TEST_*") {
		got = append(got, err.Error())
	}
	want := []string{
		"the variable CERTWRIGHT_ABCDEFG is unknown and does nothing\nhint: unset it; garden dev --help and serve --help name those there are beside their flags",
		"the variable CERTWRIGHT_DETPH is unknown and does nothing\nhint: did you mean CERTWRIGHT_DEPTH?",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
