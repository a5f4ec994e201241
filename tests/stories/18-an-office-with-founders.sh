#!/bin/sh
# P3: in an office with founders nobody acts alone. Roles, principals and policies are statements that officers sign with
# their own keys; who edits the database, or owns the folder alone, gains nothing.
# shellcheck disable=SC2016,SC2086,SC2154  # the dollars are of the programs inside; $two is two options; lib.sh sets scratch
. "$(dirname "$0")/lib.sh"
story "P3: an office with founders"

db=$HALLMARK_OFFICE/office.db
nothing=
me=$(id -u)
for who in alice bob carol dana eve; do
    step "$who makes a key" hallmark principal keygen $who.key
done
two="--key alice.key --key bob.key"

# ---- an office is founded ----

expect_fault 1 "is a private key" "founders hand over public keys" \
    hallmark init --founder alice=alice.key "$HALLMARK_OFFICE"
expect_fault 2 "NAME=FILE" "each with a name" hallmark init --founder alice.key.pub "$HALLMARK_OFFICE"
expect_fault 1 "named twice" "nobody is two founders" \
    hallmark init --founder alice=alice.key.pub --founder alina=alice.key.pub "$HALLMARK_OFFICE"
expect_fault 2 "from 1 to 2" "a quorum is of the founders" \
    hallmark init --founder alice=alice.key.pub --founder bob=bob.key.pub --quorum 3 "$HALLMARK_OFFICE"
expect_fault 2 "--quorum is of founders" "without founders there is none" hallmark init --quorum 2 "$HALLMARK_OFFICE"
step "nothing was made of all that" test ! -e "$HALLMARK_OFFICE"
expect_output "Founders: alice, bob, carol; what gives anybody something takes 2 officers' signatures" "three found an office" \
    hallmark init --org "Example Devices" --founder alice=alice.key.pub --founder bob=bob.key.pub \
    --founder carol=carol.key.pub "$HALLMARK_OFFICE"

# ---- who owns the folder may do nothing yet ----

expect_refused "user $me is no principal of this office" "not even make a product" hallmark product add pump
expect_fault 2 "--key FILE is missing" "a statement needs a key" hallmark principal add setup --unix-user $me
expect_refused "2 officers, and has 1" "one founder is not enough" \
    hallmark principal add setup --unix-user $me --key alice.key
expect_refused "2 officers, and has 1" "who signs twice is one" \
    hallmark principal add setup --unix-user $me --key alice.key --key alice.key
expect_refused "no principal's of this office" "a stranger's key is none" \
    hallmark principal add setup --unix-user $me --key alice.key --key eve.key
expect_fault 2 "takes the private key" "a public key signs nothing" \
    hallmark principal add setup --unix-user $me --key alice.key.pub --key bob.key.pub
expect_fault 2 "--public-key FILE, --unix-user USER or --oidc ISSUER is missing" "nobody is known by a name alone" \
    hallmark principal add setup $two
expect_fault 2 "a principal's name is made of" "a name is a plain word" \
    hallmark principal add "set up" --unix-user $me $two
expect_output "setup: user $me" "two founders say who this user is" hallmark principal add setup --unix-user $me $two
expect_refused "setup is that key's or user's principal already" "nobody gets a second name" \
    hallmark principal add robot --unix-user $me $two
expect_output "dana: 1 key" "another is known by a key" hallmark principal add dana --public-key dana.key.pub $two

# ---- a pipeline is known by what its CI service says of it ----

ci_service=https://token.actions.githubusercontent.com
expect_fault 2 "--claim needs --oidc ISSUER" "a claim is of an issuer" \
    hallmark principal add builder --claim repository_id=7 $two
expect_fault 2 "everybody who has a token of that issuer" "an issuer alone is everybody" \
    hallmark principal add builder --oidc $ci_service $two
expect_fault 2 "an issuer's URL begins with https://" "an issuer has a URL that can be trusted" \
    hallmark principal add builder --oidc http://ci.example.com --claim repository_id=7 $two
expect_fault 2 "--oidc is given twice" "one issuer" \
    hallmark principal add builder --oidc $ci_service --oidc $ci_service --claim repository_id=7 $two
expect_fault 2 "--claim repository_id is given twice" "each claim has one value" \
    hallmark principal add builder --oidc $ci_service --claim repository_id=7 --claim repository_id=8 $two
expect_fault 2 "is given as NAME=VALUE" "and a name" hallmark principal add builder --oidc $ci_service --claim 7 $two
expect_fault 2 "has no value" "a variable that is not set is no value" \
    hallmark principal add builder --oidc $ci_service --claim "repository_id=$nothing" $two
expect_fault 2 "at most 8" "eight are enough" hallmark principal add builder --oidc $ci_service $two \
    --claim a=1 --claim b=1 --claim c=1 --claim d=1 --claim e=1 --claim f=1 --claim g=1 --claim h=1 --claim i=1
expect_refused "2 officers, and has 1" "one founder is not enough for a job either" \
    hallmark principal add builder --oidc $ci_service --claim repository_id=7 --key alice.key
expect_output "builder: job of $ci_service with ref=\"refs/heads/main\", repository_id=\"7\"" "two say whose token is the builder's" \
    hallmark principal add builder --oidc $ci_service --claim repository_id=7 --claim ref=refs/heads/main $two
expect_refused "a token could be this principal's and that of builder" "no token is two principals'" \
    hallmark principal add releaser --oidc $ci_service --claim repository_id=7 $two
step "a name that can change hands is pointed out" sh -c \
    "hallmark principal add named --oidc $ci_service --claim sub=repo:example/pump:ref:refs/heads/main $two 2>&1 | grep -q 'change hands'"
expect_output "builder: job of $ci_service with ref=\"refs/heads/main\", repository_id=\"7\"" "the list says how it is known" \
    hallmark principal list
expect_output "\"principal\":\"builder\",\"founder\":false,\"keys\":[],\"issuer\":\"$ci_service\",\"claims\":{\"ref\":\"refs/heads/main\",\"repository_id\":\"7\"}" \
    "also in JSON" hallmark principal list --json
expect_output "named: revoked" "and one takes it away" hallmark principal revoke named --key carol.key

# ---- roles ----

expect_refused "setup is not administrator of the whole office" "who is somebody may do nothing for that" \
    hallmark product add pump
expect_fault 2 "did you mean requester" "there are six roles" hallmark grant add setup requestor $two
expect_refused "there is no principal setpu" "for people who are there" hallmark grant add setpu auditor $two
expect_refused "there is no product pump" "and products that are there" \
    hallmark grant add setup auditor --product pump $two
expect_refused "would be over before" "for a time to come" hallmark grant add setup auditor --until 2020-01-01 $two
expect_fault 2 "no such day" "of the calendar" hallmark grant add setup auditor --until 2027-02-30 $two
expect_refused "2 founders, and has 1" "one founder alone makes nobody an officer" \
    hallmark grant add setup administrator --key carol.key
step "two do" hallmark grant add setup administrator $two
step "an administrator adds a product" hallmark product add pump
step "and another" hallmark product add gateway

# ---- who administers signs nothing, and nobody gives himself anything ----

echo firmware >firmware.bin
expect_refused "setup is not requester of pump" "an administrator cannot sign" hallmark sign --product pump firmware.bin
expect_refused "who administers a product signs nothing of it" "nor be given that" \
    hallmark grant add setup requester --product pump $two
expect_refused "who administers a product signs nothing of it" "no more than a founder" \
    hallmark grant add alice requester --product pump --key bob.key --key carol.key
expect_refused "setup is not key-officer of gateway" "nor makes keys" hallmark key generate --product gateway
expect_refused "2 founders, and has 1" "who does is an officer, too" \
    hallmark grant add setup key-officer --product gateway --key bob.key
step "whom two founders make" hallmark grant add setup key-officer --product gateway $two
step "he makes the gateway's key" hallmark key generate --product gateway
step "dana administers the pump" hallmark grant add dana administrator --product pump $two
expect_refused "2 founders, and has 1" "an administrator makes no other" \
    hallmark grant add setup administrator --product gateway --key dana.key --key alice.key
expect_refused "nobody counts for himself" "nor gives himself a role" \
    hallmark grant add dana auditor --product pump --key dana.key --key alice.key
expect_refused "has 0 (nobody counts for himself)" "nor alone" hallmark grant add dana requester --product pump --key dana.key

expect_refused "hallmark grant list" "what is not there is not taken away" \
    hallmark grant withdraw setup publisher --key carol.key
expect_output "setup: no longer administrator of everything" "to take away takes one" \
    hallmark grant withdraw setup administrator --key carol.key
expect_refused "setup is not administrator" "it holds at once" hallmark product add valve
expect_refused "no principal's of this office" "a stranger takes nothing away" hallmark principal revoke setup --key eve.key
expect_output "setup: revoked" "the set-up's name is not needed any more" hallmark principal revoke setup --key carol.key
expect_refused "user $me is no principal of this office" "now this user is nobody again" hallmark product add valve
expect_output "ci: user $me" "until officers say who he is" hallmark principal add ci --unix-user $me $two
expect_refused "2 officers, and has 1" "dana, of the pump, gives nothing for another product" \
    hallmark grant add ci auditor --product gateway --key dana.key --key alice.key
step "dana and a founder let ci ask for signatures of the pump" \
    hallmark grant add ci requester --product pump --until 2099-12-31 --key dana.key --key alice.key
expect_output "ci: requester of pump until 2099-12-31" "everybody can see it" hallmark grant list --product pump
expect_refused "ci is not key-officer of pump" "keys are another role" hallmark key generate --product pump
expect_refused "ci is not requester of gateway" "other products are other grants" \
    hallmark sign --product gateway firmware.bin

# ---- policies ----

expect_refused "pump has no policy, so nothing of it is signed" "without a policy nothing is signed" \
    hallmark sign --product pump firmware.bin
printf 'rule firmware\n  request by ci\n  releases 2.*\n  formats cms\n\nrule pages\n  request by ci\n  formats catalogue\n  quota 1 per day\n' >pump.policy
echo 'rule empty' >bad.policy
expect_refused 'bad.policy: line 1: the rule has no line "request by"' "a text that is no policy is not taken" \
    hallmark policy edit --product pump bad.policy $two
expect_refused "2 officers, and has 1" "nor one that one officer wants" \
    hallmark policy edit --product pump pump.policy --key dana.key
expect_refused "there is no product pumps" "nor one of no product" hallmark policy edit --product pumps pump.policy $two
expect_output "asked by ci, release 2.1, cms" "it is tried before it is in force" \
    hallmark policy test pump.policy --requester ci --release 2.1 --format cms
expect_status 1 "and says no by its exit status" hallmark policy test pump.policy --requester eve --release 2.1 --format cms
expect_status 1 "what it changes is shown: everything" hallmark policy diff --product pump pump.policy
step "an administrator and a founder put it in force" \
    hallmark policy edit --product pump pump.policy --key dana.key --key bob.key
expect_output "is the policy of pump" "nothing differs now" hallmark policy diff --product pump pump.policy
step "it is shown" hallmark policy show --product pump -o shown.policy
expect_same pump.policy shown.policy "as it was written"
expect_refused "shown.policy" "over no file that is there" hallmark policy show --product pump -o shown.policy
sed 's/by ci$/by ci, cy/' pump.policy >mistyped.policy
step "a name that is nobody's is pointed out" sh -c \
    "hallmark policy edit --product gateway mistyped.policy $two 2>&1 | grep -q 'names cy, and there is no principal cy'"
sed 's/2\.\*/3.*/' pump.policy >next.policy
expect_status 1 "a change is a difference" hallmark policy diff --product pump next.policy
step "with its place and rule" sh -c 'hallmark policy diff --product pump next.policy | grep -qx "@@ -3 +3 @@ rule firmware"'

step "what it allows is signed" hallmark sign --product pump --release 2.0 firmware.bin
step "and verifies" hallmark verify firmware.bin
echo other >other.bin
expect_refused "release 3.0 is none of 2.*" "another release is not" hallmark sign --product pump --release 3.0 other.bin
expect_refused "no release is named, and the rule is for 2.*" "nor one that names none" hallmark sign --product pump other.bin
step "nothing was written" test ! -e other.bin.p7s
mkdir pages more
echo 1 >pages/index
echo 2 >more/index
step "a folder goes by the other rule" hallmark sign --product pump pages
expect_refused "quota 1 per day: 1 used, 1 wanted" "and no more than its quota" hallmark sign --product pump more
step "refusals are entries of the log" \
    sh -c 'hallmark log show | grep -q "refusal .*sign more.* by ci (unix:.*quota 1 per day"'
step "an intent names principal and rule" \
    sh -c 'hallmark log show --json | grep "\"name\":\"firmware.bin\"" | grep "\"principal\":\"ci\"" | grep -q "\"rule\":\"firmware\""'
step "a statement says what was stated" sh -c 'hallmark log show | grep -q "statement: dana: administrator of pump until"'

# ---- the checkpoint names the statements ----

step "a proof puts a checkpoint over all of it" hallmark log prove firmware.bin
# Its fifth line: how many statements there are, and SHA-256 of the last one. A statement is the payload of a COSE_Sign (tag 98,
# array of 4, an empty protected header, an empty map, a byte string), which the details of its entry hold in base64.
cat >checkpoint.py <<'PY'
import base64, hashlib, json, os, subprocess
log = subprocess.run(['hallmark', 'log', 'show', '--json'], stdout=subprocess.PIPE, check=True).stdout.splitlines()
details = [json.loads(line)['details'] for line in log]
envelopes = [base64.b64decode(d['statement']) for d in details if 'statement' in d]
def payload(envelope):
    at = envelope.index(b'\x84\x40\xa0') + 3
    kind, at = envelope[at], at + 1
    size = {0x58: 1, 0x59: 2}[kind]
    start = at + size
    return envelope[start:start + int.from_bytes(envelope[at:start], 'big')]
last = base64.b64encode(hashlib.sha256(payload(envelopes[-1])).digest()).decode()
checkpoint = open(os.environ['HALLMARK_OFFICE'] + '/log/checkpoint').read().split('\n')
print(checkpoint[3], 'and by hand', len(envelopes), last)
assert checkpoint[3] == f'statements {len(envelopes)} {last}'
for before, after in zip(envelopes, envelopes[1:]):
    assert hashlib.sha256(payload(before)).digest() in payload(after)
PY
step "its line is the number of statements, and the last one's hash; each names the one before" \
    /usr/bin/python3 checkpoint.py
expect_output "log: good" "the log is good" hallmark log check

# ---- who edits the database gains nothing ----

sleep 1.2 # whoever publishes later has done so
cp -a "$HALLMARK_OFFICE" "$scratch/kept"
restore() {
    rm -rf "$HALLMARK_OFFICE"
    cp -a "$scratch/kept" "$HALLMARK_OFFICE"
}
edit() {
    restore
    /usr/bin/python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.executescript(sys.argv[2])' "$db" "$1"
}
# attack SENTENCE SQL REASON: what the editor wants is refused for that reason, and an auditor is told.
attack() {
    step "the database is edited: $1" edit "$2"
    expect_refused "$3" "nothing is signed" hallmark sign --product pump --release 2.9 other.bin
    expect_refused "${4:-$3}" "the log is not good" hallmark log check
}
stated="tag=8319381564205917550"
last="idx=(SELECT max(idx) FROM entry WHERE $stated)"
of() { echo "idx=(SELECT idx FROM entry WHERE $stated AND instr(details,'$1'))"; }

attack "the newest statement is hidden" "UPDATE entry SET tag=0 WHERE $last" \
    "the checkpoint names 15 statements, and the database has 14: it was changed"
attack "an earlier one is hidden, which made somebody nobody" \
    "UPDATE entry SET tag=0 WHERE $(of 'setup: revoked')" "comes next"
attack "an old grant is brought once more" \
    "INSERT INTO entry SELECT (SELECT max(idx)+1 FROM entry), leaf, salt, details, tag FROM entry WHERE $(of 'setup: administrator')" \
    "comes next"
attack "a grant stands where the withdrawal was" \
    "UPDATE entry SET details=(SELECT details FROM entry WHERE $(of 'setup: administrator')) WHERE $(of 'setup: no longer')" \
    "comes next" "its details were changed"
attack "a statement is somebody's own text" \
    "UPDATE entry SET details=replace(details,'\"statement\":\"','\"statement\":\"AAAA') WHERE $last" \
    "COSE" "its details were changed"
attack "a statement's words are erased" "UPDATE entry SET details=x'', salt=x'' WHERE $last" \
    "the details of a statement were changed"
attack "another entry passes for a statement" "UPDATE entry SET $stated WHERE idx=0" "entry 0"
attack "the founders never were" "UPDATE entry SET tag=0 WHERE $stated" "the database has none: it was changed"
charter=$(of 'charter:')
attack "the founders' keys are others" \
    "UPDATE entry SET details=substr(details,1,instr(details,'statement\":\"')+130) || 'AAAA' || substr(details,instr(details,'statement\":\"')+135) WHERE $charter" \
    "made for something else"
attack "the gateway's key signs for the pump" \
    "UPDATE key SET product=-product WHERE role=4;
     UPDATE key SET product=(SELECT id FROM product WHERE name='pump')
     WHERE role=4 AND product=-(SELECT id FROM product WHERE name='gateway')" \
    "made for something else"
attack "the office is another organization's" "UPDATE office SET organization='Another Maker'" "made for something else"
step "nothing of all that was signed" test ! -e other.bin.p7s

# ---- what was given is taken away ----

step "the office is restored" restore
: >empty.policy
expect_refused "no principal's of this office" "a stranger takes no policy away" \
    hallmark policy edit --product pump empty.policy --key eve.key
expect_output "pump: policy withdrawn" "two officers do, with an empty text" hallmark policy edit --product pump empty.policy $two
expect_refused "pump has no policy, so nothing of it is signed" "then nothing is signed" \
    hallmark sign --product pump --release 2.9 other.bin
step "it comes back" hallmark policy edit --product pump pump.policy $two
step "and allows what it did" hallmark sign --product pump --release 2.9 other.bin
rm other.bin.p7s
expect_output "ci: revoked" "one officer is enough to revoke" hallmark principal revoke ci --key carol.key
expect_refused "user $me is no principal of this office" "who was revoked signs nothing" \
    hallmark sign --product pump --release 2.9 other.bin
expect_refused "there is no principal ci" "and gets no role" hallmark grant add ci auditor --product pump $two
step "he is stated anew" hallmark principal add ci --unix-user $me $two
expect_refused "ci is not requester of pump" "and has none of his old roles" \
    hallmark sign --product pump --release 2.9 other.bin
expect_output "ci: user $me" "the list says how it is" hallmark principal list
expect_output '"principal":"setup","founder":false,"keys":[]' "also in JSON" hallmark principal list --json
step "one founder leaves" hallmark principal revoke carol --key alice.key
expect_refused "too few founders would be left" "the last two cannot" hallmark principal revoke bob --key alice.key
expect_output "log: good" "and the log of all of it is good" hallmark log check
step "what was signed stays verified" hallmark verify firmware.bin

# ---- an office without founders is its owner's ----

HALLMARK_OFFICE=$scratch/own
step "an office of one's own" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
expect_refused "hallmark init --founder makes one that has" "has no roles to give" \
    hallmark grant add me requester --key alice.key
expect_refused "who owns it may do everything" "and no principals" hallmark principal list
step "its owner adds a product" hallmark product add pump
step "and signs" hallmark sign --product pump other.bin
finish
