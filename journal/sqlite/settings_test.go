package sqlite_test

import (
	"database/sql"
	"testing"

	"trama/journal"
	"trama/journal/sqlite"
)

func setting(name, body string) journal.Setting {
	return journal.Setting{Name: name, Body: []byte(body)}
}

func TestSettingsComeBackWithTheirMaster(t *testing.T) {
	h := newHouse(t)
	h.put("1", 1, journal.State("s"), setting("levels", "a"), setting("slaves", "b"))
	h.put("2", 1, setting("levels", "c")) // it has told no state yet
	h.expect("back", h.restart(), "1:state=s,trust=,levels=a,slaves=b 2:state=,trust=,levels=c+")
	h.put("1", 0, setting("levels", "d"), setting("slaves", ""))
	h.expect("replaced and removed", h.restart(), "1:state=s,trust=,levels=d 2:state=,trust=,levels=c+")
	copied := h.path + ".copy"
	if err := sqlite.Backup(t.Context(), h.path, copied); err != nil {
		t.Fatal(err)
	}
	h.path = copied
	h.expect("in a backup", h.restart(), "1:state=s,trust=,levels=d 2:state=,trust=,levels=c+")
}

// The trust of a master that was forgotten stays; its settings do not, and those of a master that came later under its serial
// make it known before it has told a state.
func TestSettingsGoWithTheirMaster(t *testing.T) {
	h := newHouse(t)
	h.put("1", 1, journal.State("s"), journal.Trust("t"), setting("levels", "a"))
	h.put("2", 1, journal.State("s"), setting("levels", "a"))
	h.forget("1")
	h.forget("2")
	h.expect("back", h.restart(), "1:state=,trust=t@1,forgotten")
	h.put("1", 0, setting("levels", "b"))
	h.expect("of its next life", h.restart(), "1:state=,trust=t@1,levels=b")
}

func TestDamagedSettingsAreTold(t *testing.T) {
	h := newHouse(t)
	h.put("1", 1, journal.State("s"), setting("levels", "a"), setting("slaves", "b"))
	h.stop()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE setting SET body = 'x' WHERE name = 'levels'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.Verify(t.Context(), h.path)
	if err != nil || len(r.Damage) != 1 || r.Damage[0].Where != "setting levels of 1" {
		t.Errorf("verify: %+v, %v", r, err)
	}
	h.expect("back", h.restart(), "1:state=s,trust=,slaves=b")
	if len(h.warnings) != 1 {
		t.Errorf("warnings %q", h.warnings)
	}
}
