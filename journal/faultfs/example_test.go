package faultfs_test

import (
	"database/sql"
	"fmt"

	_ "modernc.org/sqlite"

	"trama/journal/faultfs"
)

// A row is committed, another one is not yet, and the power goes.
func ExampleDisk_Crash() {
	disk := faultfs.New(1)
	defer disk.Close()
	db, err := sql.Open("sqlite", disk.DSN("frames.db", "_pragma=journal_mode(wal)", "_pragma=synchronous(full)"))
	if err != nil {
		panic(err)
	}
	defer db.Close()
	db.Exec("create table frame(id integer primary key)")
	db.Exec("insert into frame values (1)")
	tx, _ := db.Begin()
	tx.Exec("insert into frame values (2)")

	after := disk.Crash(50)
	fmt.Println("commit:", tx.Commit())
	defer after.Close()
	db, err = sql.Open("sqlite", after.DSN("frames.db"))
	if err != nil {
		panic(err)
	}
	defer db.Close()
	var frames int
	db.QueryRow("select count(*) from frame").Scan(&frames)
	fmt.Println("frames after the power cut:", frames)
	// Output:
	// commit: disk I/O error (10)
	// frames after the power cut: 1
}

// The third sync of the write-ahead log fails.
func ExampleDisk_Inject() {
	disk := faultfs.New(1)
	defer disk.Close()
	db, err := sql.Open("sqlite", disk.DSN("frames.db", "_pragma=journal_mode(wal)", "_pragma=synchronous(full)"))
	if err != nil {
		panic(err)
	}
	defer db.Close()
	db.Exec("create table frame(id integer primary key)")
	disk.Inject(faultfs.Fault{Kind: faultfs.Sync, File: "-wal", Call: 3, Failure: faultfs.EIO})
	for id := range 4 {
		_, err := db.Exec("insert into frame values (?)", id)
		fmt.Println(id, err)
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 2 disk I/O error (1034)
	// 3 <nil>
}
