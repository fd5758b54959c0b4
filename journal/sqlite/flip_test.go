package sqlite

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/faultfs"
)

// view is everything that a journal serves: what by what it is called.
type view map[string]string

// look opens the files as a start would, and reads everything; noticed is who complained first, of those who are asked in turn.
func look(t testing.TB, image faultfs.Image) (v view, noticed string) {
	t.Helper()
	v = view{}
	says := func(who string, yes bool) {
		if yes && noticed == "" {
			noticed = who
		}
	}
	options := func(d *faultfs.Disk) Options {
		return Options{Path: "j.db", VFS: d.VFS(), OpenMark: marks(d), SweepEvery: time.Hour, Disk: roomy}
	}
	closing := func(d *faultfs.Disk) {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	d := faultfs.Open(image, 1)
	defer closing(d)
	o := options(d)
	warned := false
	o.Warn = func(string, ...any) { warned = true }
	if j, err := Open(t.Context(), o); err != nil {
		says("open", true)
	} else {
		defer func() { // nobody looks at what it leaves
			d.CutPower()
			_ = j.Close()
			_ = j.release()
		}()
		says("open", len(j.FoundDamaged()) > 0)
		says("reads", v.read(t, j))
		says("reads", warned)
	}
	if noticed != "" {
		return v, noticed
	}
	copied := faultfs.Open(image, 1)
	defer closing(copied)
	r, err := verify(t.Context(), options(copied))
	says("verify", err != nil || len(r.Damage) > 0)
	return v, noticed
}

// read asks for everything; the answer is whether damage was told.
func (v view) read(t testing.TB, j *Journal) (damaged bool) {
	ctx := t.Context()
	v["last"], v["boot"] = fmt.Sprint(j.Last()), fmt.Sprint(j.Boot())
	page, err := j.Read(ctx, 0, 1<<20)
	damaged = err != nil || len(page.Damage) > 0
	for _, f := range page.Frames {
		v[fmt.Sprint("frame ", f.Seq)] = fmt.Sprint(f.Boot, f.Record.Master, f.Received.UnixNano(), f.Number, f.Flags, string(f.Raw))
	}
	bounded, err := j.Frames(ctx, journal.Query{Since: time.Now().Add(-90 * time.Minute), Until: time.Now().Add(time.Hour), Limit: 1 << 20})
	damaged = damaged || err != nil || len(bounded.Damage) > 0
	for _, f := range bounded.Frames {
		v[fmt.Sprint("received lately ", f.Seq)] = string(f.Raw)
	}
	events, damage, err := j.Events(ctx, journal.EventQuery{Limit: 1 << 20})
	damaged = damaged || err != nil || len(damage) > 0
	for _, e := range events {
		v[fmt.Sprint("event ", e.ID)] = fmt.Sprintf("%+v", e)
	}
	for i := range machines {
		serial := serialOf(i)
		mine, err := j.Frames(ctx, journal.Query{Master: serial, Limit: 1 << 20})
		damaged = damaged || err != nil || len(mine.Damage) > 0
		for _, f := range mine.Frames {
			v[fmt.Sprint("history ", serial, f.Seq)] += string(f.Raw)
		}
		events, damage, err := j.Events(ctx, journal.EventQuery{Master: serial, Limit: 1 << 20})
		damaged = damaged || err != nil || len(damage) > 0
		for _, e := range events {
			v[fmt.Sprint("event of ", serial, e.ID)] = fmt.Sprintf("%+v", e)
		}
	}
	cursors, err := j.Cursors(ctx)
	damaged = damaged || err != nil
	for _, c := range cursors {
		v["cursor "+c.Name] = fmt.Sprint(c.Position)
	}
	rows, err := j.Profiles(ctx)
	damaged = damaged || err != nil
	for _, r := range rows {
		v[fmt.Sprint("definition ", r.ID)] = fmt.Sprintf("%s %s %s", r.Name, r.Hash, r.Sources)
	}
	if err := j.Restore(ctx, func(r journal.MasterRow) error {
		if len(r.State) > 0 {
			v["state "+r.Serial] = fmt.Sprintf("%s %d %x %d %d", r.State, r.Through, r.Pending, r.From.UnixNano(), r.Until.UnixNano())
		}
		if len(r.Trust) > 0 {
			v["trust "+r.Serial] = string(r.Trust)
		}
		for _, s := range r.Settings {
			v["setting "+s.Name+" of "+r.Serial] = string(s.Body)
		}
		if r.Forgotten {
			v["forgotten "+r.Serial] = ""
		}
		return nil
	}, func(_ uint64, r *journal.Record) *journal.Subject { v["comes back "+r.Master] = ""; return nil }); err != nil {
		damaged = true
	}
	n, err := j.Generation(ctx)
	if n > 0 {
		v["generation"] = fmt.Sprint(n)
	}
	return damaged || err != nil || n == 0
}

// relic are the files of a journal, and all that was ever true of it.
type relic struct {
	image faultfs.Image
	now   view
	past  map[string]map[string]bool
}

// found are the relics of the first test that needs them: nobody writes to them.
var found struct {
	once sync.Once
	all  []*relic
}

// relics are a journal that was killed, with what it knows in its log, and one that was closed.
func relics(t testing.TB) []*relic {
	t.Helper()
	found.once.Do(func() { found.all = bury(t) })
	if found.all == nil {
		t.Fatal("there are none")
	}
	return found.all
}

func bury(t testing.TB) []*relic {
	t.Helper()
	d := faultfs.New(5)
	l := newLife(d)
	var all []*relic
	for boot := range uint64(3) {
		j, err := l.boot(t, rand.New(rand.NewPCG(boot, 3)))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 12 { // an end of the log with a bit of everything
			s := &journal.Subject{Serial: "of the end"}
			putFrames(t, j, s, i, 1)
			if i%6 == 5 {
				gone := &journal.Subject{Serial: fmt.Sprint("forgotten ", i)}
				put(t, j, journal.Entry{Records: frames(gone.Serial, i, 1), Count: 1, Subject: gone, Rows: []journal.Row{journal.Trust("of one that is gone"), journal.Forget{}}})
				if err := j.SetGeneration(t.Context(), 10*boot+uint64(i)); err != nil {
					t.Fatal(err)
				}
			}
			put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: begin, Kind: journal.EventOnline, Master: serialOf(0), Raw: []byte{1}}}})
			if err := j.MoveCursor(t.Context(), fmt.Sprint("south ", i%5), uint64(i), true); err != nil {
				t.Fatal(err)
			}
		}
		if boot > 0 {
			all = append(all, &relic{image: d.Image()})
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	all = append(all, &relic{image: d.Image()})
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	for _, r := range all {
		v, noticed := look(t, r.image)
		if noticed != "" || len(v) < 200 {
			t.Fatalf("undamaged: %d rows, %s complains", len(v), noticed)
		}
		r.now, r.past = v, map[string]map[string]bool{}
		for size := len(r.image["j.db-wal"]); ; size -= 24 + pageBytes { // what was true before the end of the log
			before := r.image.Clone()
			before.Truncate("j.db-wal", max(size, 0))
			v, _ := look(t, before)
			for what, is := range v {
				if r.past[what] == nil {
					r.past[what] = map[string]bool{}
				}
				r.past[what][is] = true
			}
			if size <= 0 {
				break
			}
		}
	}
	return all
}

// tally counts damages by who noticed them first.
type tally struct {
	mu  sync.Mutex // guards who
	who map[string]int
}

// judge says what is wrong with a damaged journal: something served that never was, or a difference that nobody told.
func (r *relic) judge(t testing.TB, image faultfs.Image, count *tally) (problems []string) {
	v, noticed := look(t, image)
	for what, is := range v {
		if what != "last" && what != "boot" && is != r.now[what] && !r.past[what][is] {
			problems = append(problems, fmt.Sprintf("served as %s: %.200q", what, is))
		}
	}
	who := "nobody: everything reads the same"
	if noticed != "" {
		who = noticed
	} else if !maps.Equal(v, r.now) {
		for what, is := range r.now {
			if v[what] != is {
				problems = append(problems, fmt.Sprintf("nobody says that %s is not %.100q but %.100q", what, is, v[what]))
				break
			}
		}
	}
	count.mu.Lock()
	defer count.mu.Unlock()
	count.who[who]++
	return problems
}

func TestFlippedBitsAreNoticedOrChangeNothing(t *testing.T) {
	all := relics(t)
	counts := map[string]*tally{}
	for _, name := range []string{"j.db", "j.db-wal", "j.db-mark"} {
		counts[name] = &tally{who: map[string]int{}}
	}
	every(rounds(), func(seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 9))
		r := all[rng.IntN(len(all))]
		name := "j.db"
		if seed%9 == 8 {
			name = "j.db-mark"
		} else if seed%2 == 1 && len(r.image["j.db-wal"]) > 0 {
			name = "j.db-wal"
		}
		image := r.image.Clone()
		bit := rng.IntN(8 * len(image[name]))
		image.Flip(name, bit)
		for _, p := range r.judge(t, image, counts[name]) {
			t.Errorf("seed %d, bit %d of byte %d in page %d of %s: %s", seed, bit%8, bit/8%pageBytes, bit/8/pageBytes+1, name, p)
		}
	})
	for name, c := range counts {
		t.Logf("%s: noticed first by %v", name, c.who)
	}
}

// cuts are the sizes that a file is cut to: every step-th byte of its newest pages (all of the mark), and, of a log, every page before.
func cuts(name string, size, step int) (sizes []int) {
	const frame = 24 + pageBytes
	newest := map[string]int{"j.db": 2 * pageBytes, "j.db-wal": 4 * frame, "j.db-mark": size}[name]
	if strings.HasSuffix(name, "mark") {
		step = 1
	}
	for n := size - 1; n >= max(size-newest, 0); n -= step {
		sizes = append(sizes, n)
	}
	if strings.HasSuffix(name, "wal") {
		for n := size - newest; n > 0; n -= frame {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

func TestTruncatedFilesAreNoticedOrChangeNothing(t *testing.T) {
	step := 1
	if rounds() < 10_000 {
		step = 397
	}
	total := 0
	for i, r := range relics(t) {
		for _, name := range r.image.Names() {
			size, count := len(r.image[name]), &tally{who: map[string]int{}}
			sizes := cuts(name, size, step)
			total += len(sizes)
			every(len(sizes), func(n uint64) {
				image := maps.Clone(r.image) // nobody writes to its files
				image.Truncate(name, sizes[n])
				for _, p := range r.judge(t, image, count) {
					t.Errorf("journal %d, %s with %d bytes of %d: %s", i, name, sizes[n], size, p)
				}
			})
			t.Logf("journal %d, %s cut off at %d places: noticed first by %v", i, name, len(sizes), count.who)
		}
	}
	t.Logf("%d truncations", total)
}
