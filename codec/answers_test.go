package codec_test

import (
	"testing"

	"trama/codec"
)

// An answer is one only to the command that it fits: by its function, and by the fields that both have.  Each of these
// foreign answers was taken for the outcome of a command.
func TestAForeignAnswerIsNone(t *testing.T) {
	type fields = map[string]any
	type command struct {
		name string
		fields
	}
	read := command{"read-holding", fields{"unit": 1, "start": 100, "count": 2}}
	write := command{"write-register", fields{"unit": 1, "address": 5, "value": 1}}
	coil := command{"write-coil", fields{"unit": 1, "address": 5, "value": 0xff00}}
	inputs := command{"read-inputs", fields{"unit": 1, "start": 0, "count": 9}}
	voltage := command{"request", fields{"address": "000000000161", "func": 17, "data": fields{"di": "02010100"}}}
	attributes := command{"ask-parameters", fields{"phone": "013900000001", "msg_serial": 7}}
	relay := command{"command", fields{"server_flag": 7, "command": "RELAY,1#"}}
	values := command{"command", fields{"center": 1, "password": "1234", "station": "0012345678", "func": 74, "serial": 7, "send_time": "2026-11-30T12:00:00Z"}}
	point := command{"operate", fields{"cot": 6, "common_address": 1, "ioa": 9, "state": "on"}}
	reading := command{"read", fields{"cot": 5, "common_address": 1, "ioa": 9}}
	clock := command{"command", fields{"afn": 0x51, "dir": 0, "ctrl_func": 1, "address": fields{"admin_code": "330100", "station_no": 7}}}
	integrity := command{"command", fields{"length": 11, "dir": 1, "prm": 1, "func": 4, "dest": 1, "src": 1024, "user_data": fields{"transport": 192, "app_control": 195, "app_func": 1, "objects": "3c0206"}}}
	extract := command{"command", fields{"QN": "20261130120000000", "CN": "1011", "MN": "A1", "CP": []any{}}}
	for _, c := range []struct {
		title, profile string
		request        command
		answer         string
		is             bool
	}{
		{"its own", "modbus-rtu", read, `"registers", "fields": {"unit": 1, "func": 3, "registers": [1, 2]}`, true},
		{"another function", "modbus-rtu", read, `"registers", "fields": {"unit": 1, "func": 4, "registers": [1, 2]}`, false},
		{"fewer registers", "modbus-rtu", read, `"registers", "fields": {"unit": 1, "func": 3, "registers": [1]}`, false},
		{"more registers", "modbus-rtu", read, `"registers", "fields": {"unit": 1, "func": 3, "registers": [1, 2, 3]}`, false},
		{"another unit", "modbus-rtu", read, `"registers", "fields": {"unit": 2, "func": 3, "registers": [1, 2]}`, false},
		{"nine bits in two bytes", "modbus-rtu", inputs, `"flags", "fields": {"unit": 1, "func": 2, "byte_count": 2, "flags": "1000000010000000"}`, true},
		{"nine bits in one byte", "modbus-rtu", inputs, `"flags", "fields": {"unit": 1, "func": 2, "byte_count": 1, "flags": "10000000"}`, false},
		{"an exception", "modbus-rtu", read, `"exception", "fields": {"unit": 1, "func": 131, "exception_code": 2}`, true},
		{"an exception of another function", "modbus-rtu", read, `"exception", "fields": {"unit": 1, "func": 132, "exception_code": 2}`, false},
		{"its echo", "modbus-rtu", write, `"written", "fields": {"unit": 1, "func": 6, "address": 5, "value": 1}`, true},
		{"another address", "modbus-rtu", write, `"written", "fields": {"unit": 1, "func": 6, "address": 9, "value": 1}`, false},
		{"another value", "modbus-rtu", write, `"written", "fields": {"unit": 1, "func": 6, "address": 5, "value": 2}`, false},
		{"a read for a write", "modbus-rtu", coil, `"flags", "fields": {"unit": 1, "func": 1, "byte_count": 1, "flags": "10000000"}`, false},
		{"the echo of a coil", "modbus-rtu", coil, `"written", "fields": {"unit": 1, "func": 5, "address": 5, "value": 65280}`, true},
		{"its identifier", "dlt645", voltage, `"answer", "fields": {"address": "000000000161", "from_slave": 1, "func": 17, "data": {"di": "02010100", "voltage_a": 220.1}}`, true},
		{"another identifier", "dlt645", voltage, `"answer", "fields": {"address": "000000000161", "from_slave": 1, "func": 17, "data": {"di": "00010000", "pos_active_energy_kwh": 1}}`, false},
		{"a refusal", "dlt645", voltage, `"refusal", "fields": {"address": "000000000161", "from_slave": 1, "error": 1, "func": 17, "data": {"reason": 1}}`, true},
		{"its own", "jt808", attributes, `"terminal-reply", "fields": {"phone": "013900000001", "ack_serial": 7, "ack_id": 33028, "result": 3}`, true},
		{"a reply to another message", "jt808", attributes, `"terminal-reply", "fields": {"phone": "013900000001", "ack_serial": 7, "ack_id": 33536, "result": 0}`, false},
		{"another number", "jt808", attributes, `"terminal-reply", "fields": {"phone": "013900000001", "ack_serial": 8, "ack_id": 33028, "result": 3}`, false},
		{"its flag", "gt06", relay, `"answer", "fields": {"server_flag": 7, "command": "OK"}`, true},
		{"its flag, 4G models", "gt06", relay, `"long-answer", "fields": {"server_flag": 7, "encoding": 1, "command": "OK"}`, true},
		{"another flag", "gt06", relay, `"answer", "fields": {"server_flag": 6, "command": "OK"}`, false},
		{"an answer without a text", "gt06", relay, `"empty-answer"`, false},
		{"its function", "sl651", values, `"answer", "fields": {"center": 1, "password": "1234", "station": "0012345678", "func": 74, "serial": 7, "send_time": "2026-11-30T12:00:00Z", "content": {"more": ""}}`, true},
		{"a report of that number", "sl651", values, `"answer", "fields": {"center": 1, "password": "1234", "station": "0012345678", "func": 75, "serial": 7, "send_time": "2026-11-30T12:00:00Z", "content": {"more": ""}}`, false},
		{"its confirmation", "iec104", point, `"confirmation", "fields": {"type_id": 45, "cot": 7, "common_address": 1, "ioa": 9, "command": 1}`, true},
		{"a negative one", "iec104", point, `"confirmation", "fields": {"type_id": 45, "cot": 7, "negative": 1, "common_address": 1, "ioa": 9, "command": 1}`, true},
		{"an address that it does not know", "iec104", point, `"confirmation", "fields": {"type_id": 45, "cot": 47, "negative": 1, "common_address": 1, "ioa": 9, "command": 1}`, true},
		{"another object", "iec104", point, `"confirmation", "fields": {"type_id": 45, "cot": 7, "common_address": 1, "ioa": 8, "command": 1}`, false},
		{"another state", "iec104", point, `"confirmation", "fields": {"type_id": 45, "cot": 7, "common_address": 1, "ioa": 9, "command": 0}`, false},
		{"the end of it", "iec104", point, `"data", "fields": {"ns": 1, "nr": 1, "type_id": 45, "num": 1, "cot": 10, "common_address": 1, "objects": [{"ioa": 9, "command": 1}]}`, false},
		{"a deactivation", "iec104", point, `"confirmation", "fields": {"type_id": 45, "cot": 9, "common_address": 1, "ioa": 9, "command": 1}`, false},
		{"a change that it reports", "iec104", point, `"data", "fields": {"ns": 1, "nr": 1, "type_id": 1, "num": 1, "cot": 3, "common_address": 1, "objects": [{"ioa": 9, "value": 1}]}`, false},
		{"another station", "iec104", point, `"confirmation", "fields": {"type_id": 45, "cot": 7, "common_address": 2, "ioa": 9, "command": 1}`, false},
		{"what was read", "iec104", reading, `"data", "fields": {"ns": 1, "nr": 1, "type_id": 13, "num": 1, "cot": 5, "common_address": 1, "objects": [{"ioa": 9, "value": 1.5, "qds": 0}]}`, true},
		{"another object than was read", "iec104", reading, `"data", "fields": {"ns": 1, "nr": 1, "type_id": 13, "num": 1, "cot": 5, "common_address": 1, "objects": [{"ioa": 8, "value": 1.5, "qds": 0}]}`, false},
		{"the link", "iec104", command{"start", fields{}}, `"started"`, true},
		{"the link is stopped", "iec104", command{"start", fields{}}, `"stopped"`, false},
		{"its function", "szy206", clock, `"clock", "fields": {"dir": 1, "ctrl_func": 1, "address": {"admin_code": "330100", "station_no": 7}, "data": {"clock": "2026-11-30T12:00:00Z"}}`, true},
		{"another function", "szy206", clock, `"pumps", "fields": {"dir": 1, "ctrl_func": 1, "address": {"admin_code": "330100", "station_no": 7}, "data": {"values": [1]}}`, false},
		{"its response", "dnp3-link", integrity, `"data", "fields": {"length": 10, "dir": 0, "prm": 1, "func": 4, "dest": 1024, "src": 1, "user_data": {"transport": 192, "app_control": 195, "app_func": 129, "objects": "0000"}}`, true},
		{"the response to the request before", "dnp3-link", integrity, `"data", "fields": {"length": 10, "dir": 0, "prm": 1, "func": 4, "dest": 1024, "src": 1, "user_data": {"transport": 192, "app_control": 194, "app_func": 129, "objects": "0000"}}`, false},
		{"what it says by itself", "dnp3-link", integrity, `"data", "fields": {"length": 10, "dir": 0, "prm": 1, "func": 4, "dest": 1024, "src": 1, "user_data": {"transport": 192, "app_control": 195, "app_func": 130, "objects": "0000"}}`, false},
		{"the link", "dnp3-link", integrity, `"answer", "fields": {"dir": 0, "prm": 0, "func": 0, "dest": 1024, "src": 1}`, false},
		{"its number", "hj212", extract, `"answer", "fields": {"CN": "9011", "QN": "20261130120000000", "MN": "A1", "CP": [[{"name": "QnRtn", "value": "1"}]]}`, true},
		{"another number", "hj212", extract, `"answer", "fields": {"CN": "9011", "QN": "20261130120000001", "MN": "A1", "CP": [[{"name": "QnRtn", "value": "1"}]]}`, false},
		{"a report of that number", "hj212", extract, `"report", "fields": {"CN": "2011", "QN": "20261130120000000", "MN": "A1", "CP": []}`, false},
		{"a refusal of another function", "dlt645", voltage, `"refusal", "fields": {"address": "000000000161", "from_slave": 1, "error": 1, "func": 20, "data": {"reason": 1}}`, false},
	} {
		t.Run(c.profile+", "+c.title, func(t *testing.T) {
			p := shipped(t, c.profile)
			var request, made, answer codec.Frame
			if err := p.Build(&request, c.request.name, c.request.fields); err != nil {
				t.Fatal(err)
			}
			if err := p.ParseJSON([]byte(`{"message": `+c.answer+`}`), &made); err != nil {
				t.Fatal(err)
			}
			raw, err := p.Append(nil, &made)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Decode(codec.Uplink, raw, &answer); err != nil {
				t.Fatalf("%x: %v", raw, err)
			}
			ordered, ok := p.Command(c.request.name)
			if !ok {
				t.Fatal("no such command")
			}
			if is := p.AnswersCommand(ordered, &request, &answer); is != c.is {
				t.Errorf("%x: %v", raw, is)
			}
		})
	}
}
