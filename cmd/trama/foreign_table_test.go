package main

import "strconv"

// speeches are the masters of the shipped profiles, and every command that they know.
var speeches = map[string]speech{
	"extended": {
		serial: "%08d", hello: `{"message": "keep-alive", "NUT": 1}`, another: `{"SD": "99999999"}`,
		same:   `{"SD": "$me", "RFC": 1, "SC": 2, "CC": 3, "RC": 0, "TS": "2026-11-30T12:00:00Z"}`,
		report: `{"message": "measurement", "NUT": "$NUT", "AL": 0, "MS": 1.5}`,
		orders: native(`, "NUT": "$NUT"`, []string{`{"C": "B"}`, `{"NUT": "$NUT+1"}`}, "set-time"),
	},
	"compact": {
		serial: "%08d", hello: `{"message": "keep-alive"}`, another: `{"SD": "99999999"}`,
		same:   `{"SD": "$me", "RFC": 1, "SC": 2, "RC": 0}`,
		report: `{"message": "measurement", "AL": 0, "MS": 1.5}`,
		orders: native("", []string{`{"C": "B"}`, `{"SC": 3}`}),
	},
	"modbus-rtu": {
		serial: "86677102%07d", listen: `registration = "imei"`, hello: "$me", another: `{"unit": 2}`, orders: modbus(`"unit": 1`),
	},
	"modbus-tcp": {
		serial: "%d", hello: `{"message": "registers", "transaction": 0, "func": 3, "registers": [1]}`, same: `{"unit": "$me"}`, another: `{"unit": 250}`,
		orders: modbus(`"transaction": "$transaction"`, `{"transaction": "$transaction+1"}`),
	},
	"jt808": {
		serial: "0139%08d", hello: `{"message": "heartbeat", "msg_serial": 1}`, same: `{"phone": "$me"}`, another: `{"phone": "013999999999"}`,
		report: `{"message": "location", "msg_serial": 3` + located + `}`,
		orders: []order{
			reply808("ask-parameters", "{}", `{"message": "parameters", "msg_serial": 4, "ack_serial": "$msg_serial", "params": []}`),
			reply808("ask-some-parameters", `{"ids": [1]}`, `{"message": "parameters", "msg_serial": 4, "ack_serial": "$msg_serial", "params": []}`),
			reply808("set-parameters", `{"params": [{"id": 1, "value": "0000003c"}]}`, ""),
			reply808("control-terminal", `{"word": 6}`, ""),
			reply808("restart", "", ""), reply808("cut-fuel", "", ""), reply808("restore-fuel", "", ""),
			reply808("ask-location", "", `{"message": "location-answer", "msg_serial": 4, "ack_serial": "$msg_serial"`+located+`}`),
			reply808("track", `{"interval": 10, "duration": 600}`, ""),
			reply808("control-vehicle", `{"doors": "locked"}`, `{"message": "vehicle-answer", "msg_serial": 4, "ack_serial": "$msg_serial", "doors_locked": 1`+located+`}`,
				`{"doors_locked": 0}`),
			reply808("text", `{"flag": 1, "text": "halt"}`, ""),
		},
	},
	"gt06": {
		serial: "35200000%07d", hello: `{"message": "login", "imei": "$me", "serial": 1}`,
		report: `{"message": "heartbeat", "msg_type": 19, "serial": 2, "state": 0, "voltage_level": 4, "gsm_level": 4}`,
		orders: texted(`{"message": "answer", "serial": 5, "server_flag": "$server_flag", "command": "OK"}`,
			[]string{`{"server_flag": "$server_flag+1"}`, `{"server_flag": 0}`, `{"message": "empty-answer", "serial": 6}`}, `{"text": "TIMER,10#"}`,
			"command", "ask-position", "ask-status", "ask-parameters", "cut-fuel", "restore-fuel", "restart"),
	},
	"teltonika": {
		serial: "35300000%07d", hello: `{"message": "login", "imei": "$me"}`, blind: true,
		report: `{"message": "records", "codec": 8, "records": [{"timestamp_ms": "2026-11-30T12:00:00Z", "priority": 0, "lon": 1, "lat": 1, "altitude": 1, "angle": 1, "satellites": 1, "speed": 1, "event": 0, "io_total": 0, "io1": [], "io2": [], "io4": [], "io8": []}]}`,
		orders: texted(`{"message": "answer", "text": "OK"}`, nil, `{"text": "getinfo"}`, "command", "ask-status", "ask-version", "ask-position", "ask-inputs", "output-on", "output-off"),
	},
	"dlt645": {
		serial: "%012d", hello: `{"message": "answer", "func": 17, "data": {"di": "02010100", "voltage_a": 220}}`, same: `{"address": "$me", "from_slave": 1}`,
		another: `{"address": "000000999999"}`,
		orders: []order{
			{"read", `{"identifier": "02010100"}`, `{"message": "answer", "func": 17, "data": {"di": "02010100", "voltage_a": 220}}`,
				[]string{`{"data": {"di": "00010000", "pos_active_energy_kwh": 1}}`, `{"func": 20}`, `{"message": "confirmation", "func": 20}`},
				`{"message": "refusal", "func": 17, "error": 1, "data": {"reason": 2}}`},
			{"read-1997", `{"identifier": "b611"}`, `{"message": "answer", "func": 1, "data": {"di": "b611", "voltage_a": 220}}`,
				[]string{`{"data": {"di": "b612", "voltage_b": 220}}`, `{"func": 4}`}, `{"message": "refusal", "func": 1, "error": 1, "data": {"reason": 2}}`},
			{"write", `{"identifier": "04000101", "value": "0200000000000000"}`, `{"message": "confirmation", "func": 20}`,
				[]string{`{"func": 17}`, `{"message": "refusal", "func": 17, "error": 1, "data": {"reason": 2}}`}, `{"message": "refusal", "func": 20, "error": 1, "data": {"reason": 4}}`},
			switch645("trip", ""), switch645("close", ""), switch645("control", `, "operation": "allow-close"`),
			{"request", `{"function": 22, "identifier": "99999999"}`, `{"message": "confirmation", "func": 22}`, []string{`{"func": 17}`}, `{"message": "refusal", "func": 22, "error": 1, "data": {"reason": 1}}`},
		},
	},
	"sl651": {
		serial: "00%08d", hello: `{"message": "heartbeat", "func": 47, "serial": 1}`, another: `{"station": "0099999999"}`,
		same:   `{"station": "$me", "center": 1, "password": "1234", "send_time": "2026-11-30T12:00:00Z"}`,
		report: `{"message": "report", "func": 50, "serial": "$serial", "addr_id": "0000000001", "station_class": "H", "elements": []}`,
		orders: []order{
			station("ask-values", "", `{"message": "values", "func": "$func", "addr_id": "0000000001", "station_class": "H", "elements": []`),
			station("ask-elements", `{"elements": "3923"}`, `{"message": "values", "func": "$func", "addr_id": "0000000001", "station_class": "H", "elements": []`),
			station("ask-configuration", `{"elements": "01"}`, `{"message": "settings", "func": "$func", "addr_id": "0000000001", "config_elements": ""`),
			station("set-configuration", `{"elements": "0120"}`, `{"message": "settings", "func": "$func", "addr_id": "0000000001", "config_elements": ""`),
			station("ask-version", "", `{"message": "version", "func": "$func", "addr_id": "0000000001", "version": "1.0"`),
			station("ask-state", "", `{"message": "state", "func": "$func", "addr_id": "0000000001", "state_elem": {"status_bits": 0}`),
			station("set-time", "", `{"message": "answer", "func": "$func", "content": {"more": ""}`),
			station("ask-time", "", `{"message": "answer", "func": "$func", "content": {"more": ""}`),
			station("command", `{"function": 76, "content": "01"}`, `{"message": "answer", "func": "$func", "content": {"more": ""}`),
		},
	},
	"iec104": {
		serial: "%d", hello: measured104, report: measured104, another: `{"common_address": 9999}`,
		orders: []order{
			{"start", "", nameless + `arted"}`, []string{`{"message": "stopped"}`, `{"message": "received", "nr": 1}`}, ""},
			{"stop", "", nameless + `opped"}`, []string{`{"message": "started"}`, `{"message": "tested"}`}, ""},
			confirmed("operate", `{"object": 9, "state": "on"}`, `"ioa": 9, "command": 1`, `{"command": 0}`),
			confirmed("operate-double", `{"object": 9, "state": "off"}`, `"ioa": 9, "command": 1`, `{"command": 2}`),
			confirmed("set-normalized", `{"object": 9, "value": 0.5}`, `"ioa": 9, "value": 0.5, "qds": 0`, `{"value": 0.25}`),
			confirmed("set-scaled", `{"object": 9, "value": 7}`, `"ioa": 9, "value": 7, "qds": 0`, `{"value": 8}`),
			confirmed("set-float", `{"object": 9, "value": 1.5}`, `"ioa": 9, "value": 1.5, "qds": 0`, `{"value": 2.5}`),
			confirmed("interrogate", "", `"ioa": 0, "qualifier": 20`, `{"qualifier": 21}`),
			confirmed("interrogate-counters", "", `"ioa": 0, "qualifier": 5`, `{"qualifier": 1}`),
			{"read", `{"object": 700}`, `{"message": "data", "common_address": "$me", "ns": 2, "type_id": 13, "cot": 5, "objects": [{"ioa": 700, "value": 1, "qds": 0}]}`,
				[]string{`{"objects": [{"ioa": 701, "value": 1, "qds": 0}]}`, `{"cot": 3}`},
				`{"message": "confirmation", "common_address": "$me", "ns": 2, "type_id": 102, "cot": 47, "negative": 1, "ioa": 700, "content": ""}`},
			confirmed("set-time", "", `"ioa": 0, "time": "2026-11-30T12:00:00Z"`),
			confirmed("command", `{"type_id": 105, "cot": 6, "content": "01"}`, `"ioa": 0, "content": "01"`, `{"content": "02"}`),
		},
	},
	"szy206": {
		serial: "330100%02x00", hello: report206, report: report206,
		same:    `{"dir": 1, "ctrl_func": 1}`,
		another: `{"address": {"admin_code": "330100", "station_no": 65535}}`,
		orders: []order{{"command", `{"afn": 81, "dir": 0}`, `{"message": "clock", "address": {"admin_code": "330100", "station_no": "$n"}, "data": {"clock": "2026-11-30T12:00:00Z"}}`,
			[]string{`{"message": "pumps", "address": {"admin_code": "330100", "station_no": "$n"}, "data": {"values": [1]}}`, `{"message": "other", "afn": 82, "address": {"admin_code": "330100", "station_no": "$n"}, "data": "00"}`}, ""}},
	},
	"hj212": {
		serial: "01%08d", hello: report212, report: report212, another: `{"MN": "0199999999"}`, same: `{"MN": "$me"}`,
		orders: []order{{"command", `{"QN": "20261130120000000", "CN": "1011", "ST": "91", "CP": []}`,
			`{"message": "answer", "CN": "9011", "QN": "$QN", "CP": [[{"name": "QnRtn", "value": "1"}]]}`,
			[]string{`{"QN": "20261130120000001"}`, `{"message": "report", "CN": "2011", "QN": "$QN", "CP": []}`}, `{"CP": [[{"name": "QnRtn", "value": "2"}]]}`}},
	},
	"dnp3-link": {
		serial: "86677103%07d", listen: `registration = "imei"`, hello: "$me", same: `{"dir": 0, "prm": 1, "func": 4, "dest": 1024, "src": 1}`, another: `{"src": 2}`,
		report: `{"message": "data", "length": 10, "user_data": {"transport": 192, "app_control": 195, "app_func": 130, "objects": "0000"}}`,
		orders: []order{{"command", `{"dir": 1, "prm": 1, "func": 4, "dest": 1, "src": 1024, "length": 11, "user_data": {"transport": 192, "app_control": 195, "app_func": 1, "objects": "3c0206"}}`,
			`{"message": "data", "length": 10, "user_data": {"transport": 192, "app_control": 195, "app_func": 129, "objects": "0000"}}`,
			[]string{`{"user_data": {"transport": 192, "app_control": 194, "app_func": 129, "objects": "0000"}}`, `{"message": "answer", "prm": 0, "func": 0}`, `{"dest": 1023}`}, ""}},
	},
	"mbus": {
		serial: "86677104%07d", listen: `registration = "imei"`, hello: "$me",
		orders: []order{{"poll", `{"control": 123, "address": 5}`, `{"message": "data", "control": 8, "address": 5, "ci": 114, "id": "12345678", "manufacturer": "PAD", "version": 1, "medium": 7, "access_no": 1, "status": 0, "signature": 0, "records": []}`,
			[]string{`{"address": 6}`, `{"message": "acknowledgement"}`}, ""}},
	},
}

const (
	located     = `, "alarm": 0, "lat_raw": 1, "lon_raw": 1, "altitude": 1, "speed_raw": 1, "direction_deg": 1, "time": "2026-11-30T12:00:00Z", "extras": []`
	measured104 = `{"message": "data", "common_address": "$me", "ns": 1, "type_id": 13, "cot": 3, "objects": [{"ioa": 700, "value": 1, "qds": 0}]}`
	report206   = `{"message": "report", "afn": 192, "address": {"admin_code": "330100", "station_no": "$n"}, "data": {"flows": [1], "alarm": 0, "state": 0, "tp": {"sec": 0, "min": 0, "hour": 0, "day": 1, "delay": 0}}}`
	report212   = `{"message": "report", "CN": "2011", "CP": []}`
)

// native are the commands of extended and compact.
func native(number string, others []string, more ...string) (all []order) {
	const sensors = `{"code-a": 1, "channel-a": 1, "type-a": 1, "code-b": 1, "channel-b": 1, "type-b": 1, "code-c": 1, "channel-c": 1, "type-c": 1, "code-d": 1, "channel-d": 1, "type-d": 1,` +
		`"code-e": 1, "channel-e": 1, "type-e": 1, "code-f": 1, "channel-f": 1, "type-f": 1, "code-g": 1, "channel-g": 1, "type-g": 1, "code-h": 1, "channel-h": 1, "type-h": 1}`
	for _, name := range append([]string{"ask-slaves", "ask-measurement", "ask-configuration", "ask-sensors", "ask-relays", "set-levels", "set-slaves", "set-sensors"}, more...) {
		fields := map[string]string{"set-slaves": `{"slaves": 5}`, "set-sensors": sensors,
			"set-levels": `{"report-period": 5, "wait": 1, "very-high-level": 4, "high-level": 3, "low-level": 2, "very-low-level": 1}`}[name]
		wrong := others
		if name == "ask-configuration" {
			wrong = others[1:] // its letter is B
		}
		all = append(all, order{name, fields, `{"message": "answer", "C": "$C"` + number + `}`, wrong, `{"RC": 1}`})
	}
	return append(all, order{"operate-relay", `{"relay": 3, "operation": "on"}`, `{"message": "relay-answer", "C": "O", "RN": 3, "OP": "on"` + number + `}`,
		append([]string{`{"RN": 4}`, `{"OP": "off"}`}, others[1:]...), `{"message": "answer", "C": "O", "RC": 3` + number + `}`})
}

// modbus are the functions of Modbus, to whose fields and answers some are added.
func modbus(with string, more ...string) (all []order) {
	add := func(name string, function int, fields, answer string, others ...string) {
		f := strconv.Itoa(function)
		unit := ""
		if with == `"unit": 1` {
			unit = `"unit": 1, `
		}
		all = append(all, order{name, `{` + unit + fields + `}`, `{` + answer + `, "func": ` + f + `, ` + with + `}`, append(others, more...),
			`{"message": "exception", "func": ` + strconv.Itoa(function+128) + `, "exception_code": 2, ` + with + `}`})
	}
	add("read-holding", 3, `"start": 100, "count": 2`, `"message": "registers", "registers": [1, 2]`, `{"func": 4}`, `{"registers": [1]}`, `{"registers": [1, 2, 3]}`)
	add("read-coils", 1, `"start": 0, "count": 9`, `"message": "flags", "byte_count": 2, "flags": "1000000010000000"`, `{"func": 2}`, `{"byte_count": 1, "flags": "10000000"}`)
	add("read-inputs", 2, `"start": 0, "count": 9`, `"message": "flags", "byte_count": 2, "flags": "1000000010000000"`, `{"func": 1}`, `{"byte_count": 1, "flags": "10000000"}`)
	add("read-input-registers", 4, `"start": 100, "count": 2`, `"message": "registers", "registers": [1, 2]`, `{"func": 3}`, `{"registers": [1]}`)
	add("write-coil", 5, `"address": 5, "value": "on"`, `"message": "written", "address": 5, "value": 65280`, `{"func": 6}`, `{"address": 9}`, `{"value": 0}`)
	add("write-register", 6, `"address": 5, "value": 1`, `"message": "written", "address": 5, "value": 1`, `{"func": 5}`, `{"address": 9}`, `{"value": 2}`)
	add("diagnose", 8, `"test": 0, "data": 7`, `"message": "diagnosis", "test": 0, "data": 7`, `{"test": 1}`)
	add("write-coils", 15, `"start": 5, "count": 8, "byte_count": 1, "flags": "10000000"`, `"message": "range-written", "start": 5, "count": 8`, `{"func": 16}`, `{"start": 6}`, `{"count": 7}`)
	add("write-registers", 16, `"start": 5, "count": 2, "registers": [1, 2]`, `"message": "range-written", "start": 5, "count": 2`, `{"func": 15}`, `{"start": 6}`, `{"count": 1}`)
	add("read-file", 20, `"items": [{"file": 1, "record": 2, "length": 1}]`, `"message": "file", "items": [{"item_length": 3, "data": "0001"}]`)
	add("write-file", 21, `"items": [{"file": 1, "record": 2, "length": 1, "data": "0001"}]`, `"message": "file-written", "items": [{"file": 1, "record": 2, "length": 1, "data": "0001"}]`)
	add("mask-register", 22, `"address": 5, "and_mask": 1, "or_mask": 2`, `"message": "register-masked", "address": 5, "and_mask": 1, "or_mask": 2`, `{"address": 6}`, `{"or_mask": 3}`)
	add("exchange-registers", 23, `"start": 1, "count": 1, "write_start": 2, "write_count": 1, "registers": [7]`, `"message": "registers", "registers": [1]`, `{"func": 3}`, `{"registers": [1, 2]}`)
	return all
}

// reply808 is a command of jt808: without an answer of its own the general reply ends it.
func reply808(name, fields, answer string, others ...string) order {
	const reply = `{"message": "terminal-reply", "msg_serial": 4, "ack_serial": "$msg_serial", "ack_id": "$msg_id", "result": 0}`
	others = append(others, `{"ack_serial": "$msg_serial+1"}`, `{"message": "terminal-reply", "msg_serial": 4, "ack_serial": "$msg_serial", "ack_id": 1, "result": 0}`)
	if answer == "" {
		answer = reply
		others = append(others, `{"message": "parameters", "msg_serial": 4, "ack_serial": "$msg_serial", "params": []}`,
			`{"message": "location-answer", "msg_serial": 4, "ack_serial": "$msg_serial"`+located+`}`)
	}
	return order{name, fields, answer, others, `{"message": "terminal-reply", "msg_serial": 4, "ack_serial": "$msg_serial", "ack_id": "$msg_id", "result": 3}`}
}

// texted are commands of trackers that take texts.
func texted(answer string, others []string, fields string, names ...string) (all []order) {
	for i, name := range names {
		if i > 0 {
			fields = "{}"
		}
		all = append(all, order{name, fields, answer, others, ""})
	}
	return all
}

// switch645 is a command for the relay of a meter.
func switch645(name, more string) order {
	return order{name, `{"password": "02000000", "until": "2026-11-30T12:00:00+08:00"` + more + `}`, `{"message": "confirmation", "func": 28}`,
		[]string{`{"func": 20}`, `{"message": "answer", "func": 28, "data": {"di": "04000503", "state3": 0}}`}, `{"message": "refusal", "func": 28, "error": 1, "data": {"reason": 4}}`}
}

// station is a command of sl651, which has no refusals.
func station(name, fields, answer string) order {
	return order{name, fields, answer + `, "serial": "$serial"}`, nil, ""}
}

// confirmed is a command of iec104.
func confirmed(name, fields, object string, others ...string) order {
	return order{name, fields, `{"message": "confirmation", "common_address": "$me", "ns": 2, "type_id": "$type_id", "cot": 7, ` + object + `}`,
		append(others, `{"ioa": 8}`, `{"cot": 9}`), `{"negative": 1}`}
}
