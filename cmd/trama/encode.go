package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/codec"
	"trama/codec/protect"
)

func (a *app) encodeCommand() *cobra.Command {
	var profile, fromJSON string
	e := encoder{app: a}
	c := &cobra.Command{
		Use:   "encode --profile NAME COMMAND [KEY=VALUE…]",
		Short: "Print a frame in hexadecimal",
		Long: "encode builds the message that COMMAND names (its command letter, or its name in the profile; of a command, its arguments) and prints its bytes.\n" +
			"Length and checksum are computed; a time that is not given is now.\n" +
			"With --key the frame is protected.  An answer carries a reference to what it answers: --reference, as the explanation of that frame shows it.",
		Example: "  trama encode --profile extended A SD=12345678 NUT=101 TS=20261123153334 RFC=1 SC=2 CC=3\n" +
			"  trama decode --profile extended --json HEX | trama encode --profile extended --from-json -",
		Args: noneEmpty(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := findProfile(profile)
			if err == nil {
				err = e.protection.read()
			}
			if err != nil {
				return err
			}
			e.given = c.Flags().Changed
			if fromJSON != "" {
				if len(args) > 0 {
					return usageError{errors.New("--from-json and COMMAND exclude each other")}
				}
				return e.encodeJSON(p, fromJSON)
			}
			if len(args) == 0 {
				return usageError{errors.New("COMMAND is missing; the profile has " + strings.Join(messageWords(p), " "))}
			}
			return e.encodeFields(p, args[0], args[1:])
		},
	}
	c.Flags().StringVarP(&profile, "profile", "p", "", "shipped profile, or `path` of a definition (required)")
	c.Flags().StringVar(&fromJSON, "from-json", "",
		"`file` with objects as decode --json prints them, on one line each or over several; - is standard input")
	e.flags(c.Flags(), "")
	c.Flags().StringVar(&e.suite, "suite", "", "suite of a protected frame: 10, 11, 20, 21, or 00 for a checksum alone; without it that of the key file")
	c.Flags().StringVar(&e.reference, "reference", "", "reference of an answer in `hex`")
	return c
}

// encoder prints frames, plain or protected.
type encoder struct {
	*app
	protection
	suite, reference string
	given            func(flag string) bool
}

func (a *encoder) encodeFields(p *codec.Profile, command string, pairs []string) error {
	fields, err := parseFields(pairs)
	if err != nil {
		return usageError{err}
	}
	if c, ok := p.Command(command); ok { // arguments have names of their own
		if fields, err = c.Fields(fields); err != nil {
			return usageError{err}
		}
		command = c.Message.Name
	}
	var f codec.Frame
	if err := p.BuildIn(codec.Env{Now: time.Now()}, &f, command, fields); err != nil {
		if errors.Is(err, codec.ErrUnknownCommand) {
			err = fmt.Errorf("%w; the profile has %s", err, strings.Join(messageWords(p), " "))
		}
		return usageError{err}
	}
	return a.printFrame(p, &f)
}

// encodeJSON takes objects with or without white space between them and prints one frame per line.
func (a *encoder) encodeJSON(p *codec.Profile, file string) error {
	in := a.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return usageError{err}
		}
		defer f.Close()
		in = f
	}
	objects := newObjects(in)
	var f codec.Frame
	for {
		object, err := objects.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := p.ParseJSON(object, &f); err != nil {
			return usageError{fmt.Errorf("%s: %w", objects.place(), err)}
		}
		var was struct {
			Protection *came `json:"protection"`
		}
		_ = json.Unmarshal(object, &was) // an object that cannot be read was refused
		if was.Protection != nil && a.file == "" {
			a.complain("%s: its frame was protected, and this one is plain: --key FILE protects it", objects.place())
		}
		if err := a.as(was.Protection).printFrame(p, &f); err != nil {
			return fmt.Errorf("%s: %w", objects.place(), err)
		}
	}
	if objects.n == 0 {
		return usageError{errors.New("--from-json: no object found")}
	}
	return nil
}

// as takes what no flag says from the frame that an object was.
func (a *encoder) as(was *came) *encoder {
	if was == nil || a.file == "" {
		return a
	}
	like := *a
	if !a.given("suite") {
		like.suite = was.Suite.String()
	}
	if !a.given("epoch") {
		like.epoch = was.Epoch
	}
	if !a.given("counter") {
		like.counter = was.Counter
	}
	like.given = func(string) bool { return true }
	return &like
}

func (a *encoder) printFrame(p *codec.Profile, f *codec.Frame) error {
	raw, err := p.Append(nil, f)
	if err == nil && (a.file != "" || a.suite != "") {
		raw, err = a.protect(p, f, raw)
	}
	if err != nil {
		return err
	}
	a.say("%x", raw)
	return nil
}

// protect protects a frame as the flags say.
func (a *encoder) protect(p *codec.Profile, f *codec.Frame, plain []byte) ([]byte, error) {
	how := &protect.Protection{Suite: a.key.Suite, Key: a.key.Key, Epoch: a.epoch, Counter: a.counter,
		Server: f.From() == codec.Server, Challenge: a.both}
	var err error
	if a.suite != "" {
		if how.Suite, err = protect.ParseSuite(a.suite); err != nil {
			return nil, usageError{fmt.Errorf("--suite: %w", err)}
		}
	}
	if how.Suite != protect.None && a.file == "" {
		return nil, usageError{errors.New("--suite: it needs --key FILE")}
	}
	if how.Reference, err = hex.DecodeString(a.reference); err != nil {
		return nil, usageError{errors.New("--reference: expected bytes in hexadecimal")}
	}
	if how.Suite != protect.None && !(a.given("epoch") || a.both != nil) {
		a.complain("epoch 0 is taken: --epoch says another")
	}
	if how.Suite != protect.None && how.Suite != protect.Auth24 && !a.given("counter") {
		a.complain("counter 0 is taken: --counter says another; a gateway takes each counter of an epoch once")
	}
	frame, err := p.Protect(nil, plain, how)
	if err != nil {
		return nil, usageError{err}
	}
	return frame, nil
}

// parseFields reads KEY=VALUE words; the values stay as typed, the profile knows what they mean.
func parseFields(pairs []string) (map[string]any, error) {
	fields := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("found %q, expected KEY=VALUE", pair)
		}
		if _, twice := fields[key]; twice {
			return nil, fmt.Errorf("%s is given twice", key)
		}
		fields[key] = value
	}
	return fields, nil
}

func messageWords(p *codec.Profile) []string {
	var words []string
	for _, m := range p.Messages() {
		words = append(words, commandWord(m))
	}
	for _, c := range p.DeclaredCommands() {
		if c.Name != c.Message.Name {
			words = append(words, c.Name)
		}
	}
	return words
}
