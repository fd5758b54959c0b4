package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/config"
	"trama/cmd/trama/internal/terminal"
	"trama/codec/protect"
	"trama/internal/words"
	"trama/keys"
)

func (a *app) keysCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "keys", Short: "Look after the device keys of masters", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		Long: "keys works on the directory that [keys] of the configuration names, as the user that the daemon runs as, or as root.  A daemon that runs takes\n" +
			"a change over at once.  A key is never given on the command line, and only keys qr and keys add --show print one.",
	}
	c.AddCommand(a.keysAddCommand(), a.keysListCommand(), a.keysRemoveCommand(), a.keysRotateCommand(),
		a.keysQRCommand(), a.keysImportCommand())
	return c
}

// keyring is the directory of keys that a command works on.
type keyring struct {
	*keys.Store
	app   *app
	alien bool // it was named: not the one that the daemon has
}

// keyFlags adds the flags that say where the keys and the daemon are.
func (a *app) keyFlags(c *cobra.Command, dir *string) *cobra.Command {
	c.Flags().StringVar(dir, "key-dir", "", "`directory` of the keys (default: [keys] directory of the configuration)")
	return a.daemonFlags(c)
}

// openKeys opens the directory of the keys, which is made when there is none yet; one that was named, when making keys only.
func (a *app) openKeys(dir string, making bool) (*keyring, error) {
	if err := noCoreDump(); err != nil {
		return nil, err
	}
	k := &keyring{app: a, alien: dir != ""}
	if dir == "" {
		if !a.configFound {
			return nil, usageError{a.nowhere("no configuration found", false)}
		}
		c, err := config.LoadKeys(a.configFile)
		if err != nil {
			return nil, configError(err)
		}
		if dir = c.Directory; dir == "" {
			return nil, usageError{fmt.Errorf("%s has no [keys]: write [keys] and directory = \"data/keys\" into it, and start the daemon again", a.configFile)}
		}
	}
	var err error
	if !k.alien || making {
		err = keys.Make(dir)
	}
	if err == nil {
		k.Store, err = keys.Open(dir)
	}
	return k, err
}

// changed has the daemon take over what is on the disk, and says what came of it.
func (k *keyring) changed(ctx context.Context) error {
	if k.alien {
		return nil
	}
	daemon, err := k.app.client()
	if err == nil {
		err = daemon.call(ctx, http.MethodPost, "/api/v1/keys/reload", nil, nil)
	}
	switch {
	case err == nil:
		k.app.say("the daemon has taken it over")
	case errors.As(err, &noDaemon{}):
		k.app.say("no daemon answers: it reads the keys when it starts")
	default:
		return fmt.Errorf("it is on the disk, and the daemon has not taken it over: %w", err)
	}
	return nil
}

// hint says of the error of a serial without a key which have one.
func (k *keyring) hint(err error, serials ...string) error {
	if len(serials) == 1 && errors.Is(err, keys.ErrNoKey) {
		return fmt.Errorf("%w%s", err, words.Known(serials[0], k.Serials()))
	}
	return err
}

func (k *keyring) path(serial string) string { return filepath.Join(k.Directory(), serial+".key") }

func (a *app) keysAddCommand() *cobra.Command {
	var dir, suite, hex, file string
	var generate, show bool
	c := &cobra.Command{
		Use: "add SERIAL (--hex - | --file FILE | --generate)", Short: "Store the key of a master", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "add stores the device key of a master, 32 hex digits, and the suite that its frames come under at least:\n\n" +
			"  10  AUTH-24  a tag of 24 bits, nothing encrypted\n" +
			"  11  ENC-24   a tag of 24 bits, encrypted\n" +
			"  20  CCM-8    a tag of 64 bits, encrypted\n" +
			"  21  CCM-16   a tag of 128 bits, encrypted\n\n" +
			"A key is 16 random bytes of that device alone: never made from its serial, never that of another device.",
		Example: "  trama keys add 12345678 --generate && trama keys qr 12345678\n  trama keys add 12345678 --suite 21 --hex - < key.txt",
		RunE: func(c *cobra.Command, args []string) error {
			if given := slices.DeleteFunc([]string{"hex", "file", "generate"},
				func(f string) bool { return !c.Flags().Changed(f) }); len(given) != 1 {
				return usageError{errors.New("add: expected one of --hex -, --file FILE and --generate")}
			}
			if show && !generate {
				return usageError{errors.New("--show: it shows a key that --generate makes")}
			}
			entry := keys.New{Serial: args[0]}
			var err error
			if entry.Suite, err = protect.ParseSuite(suite); err != nil || entry.Suite == protect.None {
				return usageError{errors.New("--suite: expected 10, 11, 20 or 21")}
			}
			if err := keys.CheckSerial(entry.Serial); err != nil {
				return usageError{err}
			}
			if entry.Key, err = a.givenKey(hex, file, generate); err != nil {
				return usageError{err}
			}
			k, err := a.openKeys(dir, true)
			if err == nil {
				err = k.Add(time.Now(), entry)
			}
			if errors.Is(err, keys.ErrHasKey) {
				err = fmt.Errorf("%w; trama keys rotate %s gives it a new one, trama keys remove %s forgets it", err,
					entry.Serial, entry.Serial)
			}
			if err != nil {
				return err
			}
			a.say("%s: its key is in %s, suite %s (%s)", entry.Serial, k.path(entry.Serial), entry.Suite, entry.Suite.Name())
			switch {
			case show:
				a.say("%x", entry.Key.Bytes())
			case generate:
				a.say("to get it onto the device: trama keys qr %s shows it as a QR code; the file has it as hex digits", entry.Serial)
			}
			return k.changed(c.Context())
		},
	}
	c.Flags().StringVar(&suite, "suite", keys.DefaultSuite.String(), "the `number` of the suite")
	c.Flags().StringVar(&hex, "hex", "", "- reads the key from standard input")
	c.Flags().StringVar(&file, "file", "", "`file` that holds the key")
	c.Flags().BoolVar(&generate, "generate", false, "make a random key")
	c.Flags().BoolVar(&show, "show", false, "with --generate: print the key")
	return a.keyFlags(c, &dir)
}

// givenKey is the key that the flags of add say.
func (a *app) givenKey(hex, file string, generate bool) (protect.Key, error) {
	const longest = 256 // characters, with blanks and line ends
	switch {
	case generate:
		return keys.Generate(), nil
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return protect.Key{}, err
		}
		defer f.Close()
		return readKey(io.LimitReader(f, longest), "--file")
	case hex != "-":
		return protect.Key{}, errors.New("--hex: it takes - only: a key on the command line is seen in the list of processes and kept in the history of the shell")
	}
	return readKey(io.LimitReader(a.stdin, longest), "--hex")
}

// readKey reads a key as people write it.  The error says nothing of what was read.
func readKey(from io.Reader, flag string) (protect.Key, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return protect.Key{}, fmt.Errorf("%s: %w", flag, err)
	}
	k, err := protect.ParseKey(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		return protect.Key{}, fmt.Errorf("%s: %w", flag, err)
	}
	return k, nil
}

func (a *app) keysListCommand() *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List the masters that have a key, and how far a rotation is", Args: cobra.NoArgs,
		Long: "list asks the daemon; when none answers it reads the directory, and counters are missing.",
		RunE: func(c *cobra.Command, _ []string) error {
			rows, err := a.keyRows(c.Context(), dir)
			if err != nil {
				return err
			}
			if asJSON {
				return a.sayJSON(rows)
			}
			a.showKeys(rows)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.keyFlags(c, &dir))
}

// keyRows asks the daemon, else the directory.
func (a *app) keyRows(ctx context.Context, dir string) (rows []admin.KeyInfo, err error) {
	if dir == "" {
		daemon, err := a.client()
		if err == nil {
			err = daemon.get(ctx, "/api/v1/keys", &rows)
		}
		if err == nil {
			return rows, nil
		}
		if !errors.As(err, &noDaemon{}) {
			return nil, err
		}
	}
	k, err := a.openKeys(dir, false)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		a.complain("no daemon answers: these are the keys in the directory")
	}
	return admin.KeysOf(k.Store), nil
}

func (a *app) showKeys(rows []admin.KeyInfo) {
	a.table("SERIAL\tSUITE\tKEY OF:3\tNEXT KEY OF:2\tSPEAKS\tEPOCH:4\tCOUNTER:5\tSENT:6\tWRONG TAGS\tLAST FRAME:1", len(rows),
		func(i int) []any {
			r := rows[i]
			cells := []any{terminal.Key(r.Serial), r.Suite, r.Created, r.NextCreated}
			if f := r.Frames; f != nil {
				return append(cells, f.Suite, f.Epoch, f.Counter, f.Sent, f.WrongTags, f.Verdict)
			}
			return append(cells, nil, nil, nil, nil, nil, nil)
		})
	if len(rows) == 0 {
		a.complain("no master has a key")
	}
	for _, line := range a.progress(rows) {
		a.say("%s", line)
	}
}

// progress says of each rotation that is not over, or was the last one, how many masters have proven their next key.
func (a *app) progress(rows []admin.KeyInfo) (lines []string) {
	var begun []time.Time
	left, done := map[time.Time]int{}, map[time.Time]int{}
	for _, r := range rows {
		if r.Rotating {
			begun = append(begun, r.NextCreated)
			left[r.NextCreated]++
		}
		if r.Rotated && !(r.Rotating && r.NextCreated.Equal(r.Created)) { // else it counts once
			begun = append(begun, r.Created)
			done[r.Created]++
		}
	}
	slices.SortFunc(begun, time.Time.Compare)
	begun = slices.Compact(begun)
	for i, t := range begun {
		over := ""
		if left[t] == 0 {
			over = ": it is over"
		}
		if over == "" || i == len(begun)-1 {
			lines = append(lines, fmt.Sprintf("rotation of %s: %d of %d on the new key%s", a.moment(t), done[t], left[t]+done[t], over))
		}
	}
	return lines
}

func (a *app) keysRemoveCommand() *cobra.Command {
	var dir string
	return a.keyFlags(&cobra.Command{
		Use: "remove SERIAL", Short: "Forget the key of a master: its protected frames are refused from now on",
		Args: noneEmpty(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := keys.CheckSerial(args[0]); err != nil {
				return usageError{err}
			}
			k, err := a.openKeys(dir, false)
			if err == nil {
				err = k.hint(k.Remove(args[0]), args[0])
			}
			if err != nil {
				return err
			}
			a.say("%s: its key is removed", args[0])
			return k.changed(c.Context())
		},
	}, &dir)
}
