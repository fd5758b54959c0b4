package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"rsc.io/qr"

	"trama/keys"
)

func (a *app) keysRotateCommand() *cobra.Command {
	var dir string
	var all, pending, abandon, send, again bool
	c := &cobra.Command{
		Use: "rotate (SERIAL… | --all | --pending)", Short: "Make the next key of masters, which takes over when a frame proves it",
		Long: "rotate makes a next key; the present one stays valid.  Both are accepted until a frame comes under the next one: that proves that the device has it,\n" +
			"and the daemon forgets the old one.  trama keys list shows how many have got so far.\n\n" +
			"trama keys qr SERIAL shows the next key to the person at the device.  With --send the daemon hands it over by the command set-key, wrapped\n" +
			"under the present one; only to masters that are online and whose frames come under suite 20 or 21.  For those that were not reached, or whose\n" +
			"answer was lost, call trama keys rotate --pending --send as often as you like: it makes no key.  --all begins no rotation while one goes on, and a call with --send\n" +
			"passes over masters whose rotation began within a day and is done.",
		Example: "  trama keys rotate 12345678 && trama keys qr 12345678\n  trama keys rotate --all --send\n  trama keys rotate --pending --send",
		Args:    noneEmpty(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case all && pending || (all || pending) == (len(args) > 0):
				return usageError{errors.New("rotate: expected one of serials, --all and --pending")}
			case pending && !send && !abandon:
				return usageError{errors.New("--pending: it goes with --send or --abandon")}
			case again && (!send || pending):
				return usageError{errors.New("--again: it goes with --send, and not with --pending")}
			case send && (abandon || dir != ""):
				return usageError{errors.New("--send: it goes with neither --abandon nor --key-dir")}
			}
			k, err := a.openKeys(dir, false)
			if err != nil {
				return err
			}
			rotating, others := k.ofRotation()
			switch {
			case all && !abandon && !send && len(rotating) > 0:
				return fmt.Errorf("a rotation goes on, and no key is made: %s; send them with --pending --send, "+
					"or forget them with --pending --abandon", left(len(rotating)))
			case all && len(rotating) == 0 && !abandon:
				args = others
			case pending || all:
				args = rotating
			}
			if pending && len(args) == 0 {
				a.say("no rotation goes on: no next key waits for its proof")
				return nil
			}
			if send && !again {
				args = slices.DeleteFunc(slices.Clone(args), func(serial string) bool {
					e, has := k.Key(serial)
					done := has && e.Rotated && !e.Rotating && time.Since(e.Created()) < againWithin
					if done {
						a.say("%s: the rotation of %s is done, and no key is made; --again makes one", serial, a.moment(e.Created()))
					}
					return done
				})
				if len(args) == 0 {
					return nil
				}
			}
			chosen := args
			if send { // what was made before is sent again
				if len(rotating) > 0 && (all || pending) {
					a.say("a rotation goes on: %s", left(len(rotating)))
				}
				args = slices.DeleteFunc(slices.Clone(args), func(serial string) bool { return slices.Contains(rotating, serial) })
			}
			if send && len(args) == 0 {
				a.say("no new key is made")
				return a.sendKeys(c.Context(), chosen)
			}
			change, said := func() error { return k.Rotate(time.Now(), args...) },
				"next key made: %d %s; the present one counts until a frame proves the next"
			if abandon {
				change, said = func() error { return k.Abandon(args...) }, "next key forgotten: %d %s"
			}
			if err := change(); err != nil {
				return k.hint(err, args...)
			}
			a.say(said, len(args), plural(len(args), "master"))
			if err := k.changed(c.Context()); err != nil || !send {
				return err
			}
			return a.sendKeys(c.Context(), chosen)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "all masters with a key, when no rotation goes on; with --send and --abandon, those in the rotation that does")
	c.Flags().BoolVar(&pending, "pending", false, "with --send or --abandon: the masters that have not proven their next key; no key is made")
	c.Flags().BoolVar(&abandon, "abandon", false, "forget the next key: only for devices that never got it")
	c.Flags().BoolVar(&again, "again", false, "with --send: make another key also for a master whose rotation has just been done")
	c.Flags().BoolVar(&send, "send", false, "have the daemon hand the next key over to the device")
	return a.keyFlags(c, &dir)
}

// againWithin is how long after its beginning a rotation that is done is taken for the one that is meant.
const againWithin = 24 * time.Hour

// left says of a rotation how many have not proven their next key.
func left(n int) string {
	if n == 1 {
		return "1 master has not proven its next key"
	}
	return fmt.Sprintf("%d masters have not proven their next key", n)
}

// ofRotation lists the masters whose key can change: those that are in a rotation, and those that are not.
func (k *keyring) ofRotation() (rotating, others []string) {
	for _, serial := range k.Serials() {
		switch e, _ := k.Key(serial); {
		case e.Fixed:
		case e.Rotating:
			rotating = append(rotating, serial)
		default:
			others = append(others, serial)
		}
	}
	return rotating, others
}

// sendKeys has the daemon hand over the next key of masters, one after the other, and says what came of each.
func (a *app) sendKeys(ctx context.Context, serials []string) error {
	daemon, err := a.client()
	if err != nil {
		return err
	}
	failed := 0
	for _, serial := range serials {
		var c commandText
		err := daemon.call(ctx, http.MethodPost, "/api/v1/keys/"+serial+"/send", nil, &c)
		if err != nil {
			a.complain("%s: not sent: %v", serial, err)
		} else {
			a.say("%s", a.outcome(&c.Command, a.profileOf(ctx, daemon, serial)))
		}
		if err != nil || exitOf(&c.Command) != exitDone {
			failed++
		}
	}
	if failed > 0 {
		a.complain("%d of %d have not taken their next key; call trama keys rotate --pending --send when they can be reached: it makes no key", failed, len(serials))
		return errSilent
	}
	return nil
}

func (a *app) keysQRCommand() *cobra.Command {
	var dir string
	return a.keyFlags(&cobra.Command{
		Use: "qr SERIAL", Short: "Show the key of a master as a QR code, for the person at the device",
		Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "qr shows the key that the device is to have: in a rotation the next one.  The code reads TRAMA:1:SERIAL:SUITE:KEY, with the key as 32 hex digits.\n" +
			"Whoever sees it can speak as this master: mind who looks on, and clear the screen.",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := keys.CheckSerial(args[0]); err != nil {
				return usageError{err}
			}
			k, err := a.openKeys(dir, false)
			if err != nil {
				return err
			}
			e, ok := k.Key(args[0])
			if !ok {
				return k.hint(fmt.Errorf("%s: %w", args[0], keys.ErrNoKey), args[0])
			}
			newest := e.Newest()
			code, err := qrCode(fmt.Sprintf("TRAMA:1:%s:%s:%X", args[0], e.Suite, newest.Bytes()), a.screen().Colour)
			if err != nil {
				return err
			}
			which := "key"
			if e.Rotating {
				which = "next key"
			}
			a.complain("This is the %s of %s: whoever sees or photographs it can speak as this master.  Clear the screen afterwards.", which, args[0])
			a.show(code)
			return nil
		},
	}, &dir)
}

// qrCode draws a code with two rows of it in each line of text: black on white where colours are to be had, else with blocks
// for what is light, as on a dark terminal.
func qrCode(text string, colours bool) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	const quiet = 4 // modules around it, by the standard (ISO/IEC 18004, 6.3.8)
	cells := []rune{' ', '▄', '▀', '█'}
	begin, end := "", "\n"
	if colours {
		begin, end = "\x1b[97;40m", "\x1b[0m\n"
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		b.WriteString(begin)
		for x := -quiet; x < code.Size+quiet; x++ {
			cell := 0
			if !code.Black(x, y) {
				cell |= 2
			}
			if !code.Black(x, y+1) && y+1 < code.Size+quiet {
				cell |= 1
			}
			b.WriteRune(cells[cell])
		}
		b.WriteString(end)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
